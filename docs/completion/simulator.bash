# Completion of simulator in bash, made by tests/tidy/command_pages.py. To use it: source docs/completion/simulator.bash
_tunuk_simulator() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} path= word words= plain=
    for word in "${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
        case "$path $word" in
        ' demo'|' replay'|' urn'|' report'|' line') path="$path $word" ;;
        esac
    done
    path=${path# }
    case "$path $previous" in
        'demo --precincts') words=''; plain=yes ;;
        'demo --out') words=''; plain=yes ;;
        'demo --link') words='pty memory'; plain=yes ;;
        'demo --processes') words=''; plain=yes ;;
        'demo --seed') words=''; plain=yes ;;
        'replay --election-csv') words=''; plain=yes ;;
        'replay --format') words=openelections; plain=yes ;;
        'replay --precincts') words=''; plain=yes ;;
        'replay --out') words=''; plain=yes ;;
        'replay --link') words='pty memory'; plain=yes ;;
        'replay --processes') words=''; plain=yes ;;
        'replay --seed') words=''; plain=yes ;;
        'urn --port') words=''; plain=yes ;;
        'urn --baud') words=''; plain=yes ;;
        'report --definition') words=''; plain=yes ;;
        'report --urn') words=''; plain=yes ;;
        'report --kind') words='zero final'; plain=yes ;;
        'report --seed') words=''; plain=yes ;;
        'report --out') words=''; plain=yes ;;
    esac
    if [[ -z $plain ]]; then
        case $path in
        '') words='demo replay urn report line -h --help' ;;
        demo) words='-h --help --precincts --out --link --processes --seed --json' ;;
        replay) words='-h --help --election-csv --format --precincts --out --link --processes --seed --json' ;;
        urn) words='-h --help --port --baud' ;;
        report) words='-h --help --definition --urn --kind --seed --out' ;;
        line) words='-h --help' ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _tunuk_simulator simulator
