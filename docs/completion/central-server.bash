# Completion of central-server in bash, made by tests/tidy/command_pages.py. To use it: source docs/completion/central-server.bash
_tunuk_central_server() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} path= word words= plain=
    for word in "${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
        case "$path $word" in
        ' definition'|' init'|' roster'|' run'|' chain') path="$path $word" ;;
        esac
    done
    path=${path# }
    case "$path $previous" in
        'definition --from') words=''; plain=yes ;;
        'definition --check') words=''; plain=yes ;;
        'init --dir') words=''; plain=yes ;;
        'init --definition') words=''; plain=yes ;;
        'init --server-url') words=''; plain=yes ;;
        'init --chain-rpc') words=''; plain=yes ;;
        'init --chain-id') words=''; plain=yes ;;
        'init --snapshot-seconds') words=''; plain=yes ;;
        'init --anchor-seconds') words=''; plain=yes ;;
        'roster --dir') words=''; plain=yes ;;
        'roster --enrolments') words=''; plain=yes ;;
        'run --dir') words=''; plain=yes ;;
        'run --host') words=''; plain=yes ;;
        'run --port') words=''; plain=yes ;;
        'run --rpc-port') words=''; plain=yes ;;
        'chain --dir') words=''; plain=yes ;;
        'chain --rpc-port') words=''; plain=yes ;;
    esac
    if [[ -z $plain ]]; then
        case $path in
        '') words='definition init roster run chain -h --help' ;;
        definition) words='-h --help --from --check --schema' ;;
        init) words='-h --help --dir --definition --server-url --chain-rpc --chain-id --snapshot-seconds --anchor-seconds' ;;
        roster) words='-h --help --dir --enrolments' ;;
        run) words='-h --help --dir --host --port --rpc-port' ;;
        chain) words='-h --help --dir --rpc-port' ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _tunuk_central_server central-server
