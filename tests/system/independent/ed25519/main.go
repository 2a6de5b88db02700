// Reads lines of "key signature message" in hexadecimal ("-" for an empty message) and answers 1 or 0 for each.
package main

import (
	"bufio"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var parts [3][]byte
		for place, text := range strings.Fields(lines.Text()) {
			data, err := hex.DecodeString(strings.Trim(text, "-"))
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			parts[place] = data
		}
		if ed25519.Verify(parts[0], parts[2], parts[1]) {
			fmt.Println(1)
		} else {
			fmt.Println(0)
		}
	}
}
