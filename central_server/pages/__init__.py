"""What people see in a browser: templates, styles, words in three languages, and the code that fills them in."""
