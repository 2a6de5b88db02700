# Completion of central-server in bash, made by tests/tidy/command_pages.py. To use it: source docs/completion/central-server.bash
_tunuk_central_server() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} path= word words= plain=
    for word in "${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
        case "$path $word" in
        ' definition'|' init'|' roster'|' run'|' status'|' backup'|' restore'|' guard'|' rebuild'|' new-contract'|' chain'|' bundle'|' official-key'|' decide'|' successor'|' decide prepare'|' decide sign'|' decide submit'|' successor prepare'|' successor finish') path="$path $word" ;;
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
        'init --chain-validators') words=''; plain=yes ;;
        'init --submitter-keystore') words=''; plain=yes ;;
        'init --submitter-signer') words=''; plain=yes ;;
        'init --submitter-address') words=''; plain=yes ;;
        'init --snapshot-seconds') words=''; plain=yes ;;
        'init --anchor-seconds') words=''; plain=yes ;;
        'roster --dir') words=''; plain=yes ;;
        'roster --enrolments') words=''; plain=yes ;;
        'roster --submitter-password-file') words=''; plain=yes ;;
        'run --dir') words=''; plain=yes ;;
        'run --config') words=''; plain=yes ;;
        'run --host') words=''; plain=yes ;;
        'run --port') words=''; plain=yes ;;
        'run --rpc-port') words=''; plain=yes ;;
        'run --ops-host') words=''; plain=yes ;;
        'run --ops-port') words=''; plain=yes ;;
        'run --submitter-password-file') words=''; plain=yes ;;
        'run --log-format') words=''; plain=yes ;;
        'run --snapshot-seconds') words=''; plain=yes ;;
        'run --anchor-seconds') words=''; plain=yes ;;
        'run --max-connections') words=''; plain=yes ;;
        'run --max-held-mib') words=''; plain=yes ;;
        'run --min-free-mib') words=''; plain=yes ;;
        'run --grace-seconds') words=''; plain=yes ;;
        'status --dir') words=''; plain=yes ;;
        'status --lang') words='ky ru en'; plain=yes ;;
        'backup --dir') words=''; plain=yes ;;
        'backup --to') words=''; plain=yes ;;
        'restore --dir') words=''; plain=yes ;;
        'restore --from') words=''; plain=yes ;;
        'guard --dir') words=''; plain=yes ;;
        'guard --checkpoint') words=''; plain=yes ;;
        'rebuild --dir') words=''; plain=yes ;;
        'rebuild --from') words=''; plain=yes ;;
        'rebuild --receipt') words=''; plain=yes ;;
        'rebuild --checkpoint') words=''; plain=yes ;;
        'new-contract --dir') words=''; plain=yes ;;
        'chain --dir') words=''; plain=yes ;;
        'chain --rpc-port') words=''; plain=yes ;;
        'bundle --dir') words=''; plain=yes ;;
        'bundle --enrolment') words=''; plain=yes ;;
        'official-key --out') words=''; plain=yes ;;
        'official-key --holder') words=''; plain=yes ;;
        'official-key --role') words='official commission'; plain=yes ;;
        'decide prepare --publication') words=''; plain=yes ;;
        'decide prepare --policy') words=''; plain=yes ;;
        'decide prepare --document') words=''; plain=yes ;;
        'decide prepare --reason') words=''; plain=yes ;;
        'decide prepare --out') words=''; plain=yes ;;
        'decide prepare --entry') words=''; plain=yes ;;
        'decide prepare --supersedes') words=''; plain=yes ;;
        'decide prepare --unit') words=''; plain=yes ;;
        'decide prepare --contests') words=''; plain=yes ;;
        'decide prepare --urn') words=''; plain=yes ;;
        'decide prepare --role') words='official commission'; plain=yes ;;
        'decide prepare --holder') words=''; plain=yes ;;
        'decide prepare --public-key') words=''; plain=yes ;;
        'decide prepare --device') words=''; plain=yes ;;
        'decide prepare --enrolment') words=''; plain=yes ;;
        'decide prepare --part') words=''; plain=yes ;;
        'decide prepare --protocol') words=''; plain=yes ;;
        'decide prepare --lang') words='ky ru en'; plain=yes ;;
        'decide sign --key') words=''; plain=yes ;;
        'decide sign --lang') words='ky ru en'; plain=yes ;;
        'decide submit --server') words=''; plain=yes ;;
        'decide submit --ca') words=''; plain=yes ;;
        'decide submit --policy') words=''; plain=yes ;;
        'decide submit --lang') words='ky ru en'; plain=yes ;;
        'successor prepare --dir') words=''; plain=yes ;;
        'successor prepare --of') words=''; plain=yes ;;
        'successor prepare --guard') words=''; plain=yes ;;
        'successor prepare --from') words=''; plain=yes ;;
        'successor prepare --receipt') words=''; plain=yes ;;
        'successor prepare --checkpoint') words=''; plain=yes ;;
        'successor prepare --reason') words=''; plain=yes ;;
        'successor prepare --document') words=''; plain=yes ;;
        'successor finish --dir') words=''; plain=yes ;;
    esac
    if [[ -z $plain ]]; then
        case $path in
        '') words='definition init roster run status backup restore guard rebuild new-contract chain bundle official-key decide successor -h --help' ;;
        definition) words='-h --help --from --check --schema' ;;
        init) words='-h --help --dir --definition --server-url --chain-rpc --chain-id --chain-validators --submitter-keystore --submitter-signer --submitter-address --snapshot-seconds --anchor-seconds' ;;
        roster) words='-h --help --dir --enrolments --submitter-password-file' ;;
        run) words='-h --help --dir --config --host --port --rpc-port --ops-host --ops-port --submitter-password-file --log-format --snapshot-seconds --anchor-seconds --max-connections --max-held-mib --min-free-mib --grace-seconds' ;;
        status) words='-h --help --dir --json --lang' ;;
        backup) words='-h --help --dir --to' ;;
        restore) words='-h --help --dir --from' ;;
        guard) words='-h --help --dir --checkpoint' ;;
        rebuild) words='-h --help --dir --from --receipt --checkpoint' ;;
        new-contract) words='-h --help --dir' ;;
        chain) words='-h --help --dir --rpc-port' ;;
        bundle) words='-h --help --dir --enrolment' ;;
        official-key) words='-h --help --out --holder --role' ;;
        decide) words='prepare sign submit -h --help' ;;
        'decide prepare') words='release correct annul reinstate out-of-use grant-role revoke-key replace-device amend-contest amend-unit succeed-chain return -h --help --publication --policy --document --reason --out --entry --supersedes --unit --contests --urn --role --holder --public-key --device --enrolment --part --protocol --lang' ;;
        'decide sign') words='-h --help --key --lang' ;;
        'decide submit') words='-h --help --server --ca --policy --lang' ;;
        successor) words='prepare finish -h --help' ;;
        'successor prepare') words='-h --help --dir --of --guard --from --receipt --checkpoint --reason --document' ;;
        'successor finish') words='-h --help --dir' ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _tunuk_central_server central-server
