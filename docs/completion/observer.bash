# Completion of observer in bash, made by tests/tidy/command_pages.py. To use it: source docs/completion/observer.bash
_tunuk_observer() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} path= word words= plain=
    for word in "${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
        case "$path $word" in
        ' verify') path="$path $word" ;;
        esac
    done
    path=${path# }
    case "$path $previous" in
        'verify --policy') words=''; plain=yes ;;
        'verify --rpc') words=''; plain=yes ;;
        'verify --lang') words='ky ru en'; plain=yes ;;
    esac
    if [[ -z $plain ]]; then
        case $path in
        '') words='verify -h --help' ;;
        verify) words='-h --help --policy --rpc --json --lang' ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _tunuk_observer observer
