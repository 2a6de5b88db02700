# Completion of urn-agent in bash, made by tests/tidy/command_pages.py. To use it: source docs/completion/urn-agent.bash
_tunuk_urn_agent() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} path= word words= plain=
    for word in "${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
        case "$path $word" in
        ' init'|' run'|' status'|' receipt'|' resend') path="$path $word" ;;
        esac
    done
    path=${path# }
    case "$path $previous" in
        'init --data') words=''; plain=yes ;;
        'init --device') words=''; plain=yes ;;
        'init --server') words=''; plain=yes ;;
        'init --language') words='ky ru en'; plain=yes ;;
        'run --data') words=''; plain=yes ;;
        'run --port') words=''; plain=yes ;;
        'run --baud') words=''; plain=yes ;;
        'run --bundle') words=''; plain=yes ;;
        'run --server') words=''; plain=yes ;;
        'status --data') words=''; plain=yes ;;
        'receipt --data') words=''; plain=yes ;;
        'receipt --seq') words=''; plain=yes ;;
        'receipt --to') words=''; plain=yes ;;
        'resend --data') words=''; plain=yes ;;
    esac
    if [[ -z $plain ]]; then
        case $path in
        '') words='init run status receipt resend -h --help' ;;
        init) words='-h --help --data --device --server --language --json' ;;
        run) words='-h --help --data --port --baud --bundle --server --once' ;;
        status) words='-h --help --data --json' ;;
        receipt) words='-h --help --data --seq --to' ;;
        resend) words='-h --help --data' ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _tunuk_urn_agent urn-agent
