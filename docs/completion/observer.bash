# Completion of observer in bash, made by tests/tidy/command_pages.py. To use it: source docs/completion/observer.bash
_tunuk_observer() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} path= word words= plain=
    for word in "${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
        case "$path $word" in
        ' verify'|' prove'|' check'|' fsck'|' print'|' anchor'|' follow'|' evidence'|' compare'|' witness-key'|' witness') path="$path $word" ;;
        esac
    done
    path=${path# }
    case "$path $previous" in
        'verify --policy') words=''; plain=yes ;;
        'verify --predecessor') words=''; plain=yes ;;
        'verify --rpc') words=''; plain=yes ;;
        'verify --lang') words='ky ru en'; plain=yes ;;
        'prove --policy') words=''; plain=yes ;;
        'prove --precinct') words=''; plain=yes ;;
        'prove --contest') words=''; plain=yes ;;
        'prove --rpc') words=''; plain=yes ;;
        'prove --out') words=''; plain=yes ;;
        'check --policy') words=''; plain=yes ;;
        'check --lang') words='ky ru en'; plain=yes ;;
        'fsck --policy') words=''; plain=yes ;;
        'fsck --lang') words='ky ru en'; plain=yes ;;
        'print --policy') words=''; plain=yes ;;
        'print --out') words=''; plain=yes ;;
        'print --lang') words='ky ru en'; plain=yes ;;
        'anchor --policy') words=''; plain=yes ;;
        'anchor --rpc') words=''; plain=yes ;;
        'anchor --key') words=''; plain=yes ;;
        'follow --policy') words=''; plain=yes ;;
        'follow --state') words=''; plain=yes ;;
        'follow --interval') words=''; plain=yes ;;
        'follow --stalled-after') words=''; plain=yes ;;
        'follow --rpc') words=''; plain=yes ;;
        'follow --receipt') words=''; plain=yes ;;
        'follow --lang') words='ky ru en'; plain=yes ;;
        'follow --on-alarm') words=''; plain=yes ;;
        'follow --webhook') words=''; plain=yes ;;
        'evidence --policy') words=''; plain=yes ;;
        'evidence --lang') words='ky ru en'; plain=yes ;;
        'compare --receipt') words=''; plain=yes ;;
        'compare --evidence') words=''; plain=yes ;;
        'compare --policy') words=''; plain=yes ;;
        'compare --lang') words='ky ru en'; plain=yes ;;
        'witness-key --data') words=''; plain=yes ;;
        'witness-key --name') words=''; plain=yes ;;
        'witness --data') words=''; plain=yes ;;
        'witness --policy') words=''; plain=yes ;;
        'witness --log') words=''; plain=yes ;;
        'witness --listen') words=''; plain=yes ;;
    esac
    if [[ -z $plain ]]; then
        case $path in
        '') words='verify prove check fsck print anchor follow evidence compare witness-key witness -h --help' ;;
        verify) words='-h --help --policy --predecessor --rpc --json --lang' ;;
        prove) words='-h --help --policy --precinct --contest --rpc --out' ;;
        check) words='-h --help --policy --json --lang' ;;
        fsck) words='-h --help --policy --json --lang' ;;
        print) words='-h --help --policy --out --lang' ;;
        anchor) words='-h --help --policy --rpc --key' ;;
        follow) words='-h --help --policy --state --once --interval --stalled-after --rpc --receipt --json --lang --on-alarm --webhook' ;;
        evidence) words='-h --help --policy --json --lang' ;;
        compare) words='-h --help --receipt --evidence --policy --json --lang' ;;
        witness-key) words='-h --help --data --name' ;;
        witness) words='-h --help --data --policy --log --listen' ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _tunuk_observer observer
