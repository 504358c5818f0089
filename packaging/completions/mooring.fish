# fish completion for mooring

function __mooring_servers
    mooring status 2>/dev/null | awk '/^SERVER/ { on = 1; next } on && NF { print $1 }'
end

function __mooring_faults
    mooring chaos --list 2>/dev/null | awk '/^When/ { exit } /^  / { print $1 }'
end

complete -c mooring -f
set -l connecting tools resources prompts call read prompt test
set -l with_server $connecting status logs login logout token
complete -c mooring -n __fish_use_subcommand -a serve -d 'Run the gateway'
complete -c mooring -n __fish_use_subcommand -a tools -d 'List tools'
complete -c mooring -n __fish_use_subcommand -a resources -d 'List resources'
complete -c mooring -n __fish_use_subcommand -a prompts -d 'List prompts'
complete -c mooring -n __fish_use_subcommand -a call -d 'Call a tool'
complete -c mooring -n __fish_use_subcommand -a read -d 'Print a resource'
complete -c mooring -n __fish_use_subcommand -a prompt -d 'Print a prompt'
complete -c mooring -n __fish_use_subcommand -a status -d 'State of every server'
complete -c mooring -n __fish_use_subcommand -a logs -d 'What a child server wrote to stderr'
complete -c mooring -n __fish_use_subcommand -a login -d 'Sign in to a server'
complete -c mooring -n __fish_use_subcommand -a logout -d 'Forget a sign-in'
complete -c mooring -n __fish_use_subcommand -a token -d 'Print a fresh access token'
complete -c mooring -n __fish_use_subcommand -a test -d 'Try one server'
complete -c mooring -n __fish_use_subcommand -a doctor -d 'Check configuration and network'
complete -c mooring -n __fish_use_subcommand -a explain -d 'What a failure would lead to'
complete -c mooring -n __fish_use_subcommand -a chaos -d 'Inject faults before a server'
complete -c mooring -n __fish_use_subcommand -l version -d 'Show the version'
complete -c mooring -l help -d 'Show help'
complete -c mooring -l config -r -F -d 'Configuration file'
complete -c mooring -l state-dir -r -F -d 'State directory'
complete -c mooring -l log-level -x -a 'trace debug info warn error off' -d 'How much to log'
complete -c mooring -n "__fish_seen_subcommand_from $with_server" -a '(__mooring_servers)'
complete -c mooring -n "__fish_seen_subcommand_from $connecting status doctor" -l json -d 'Print the result object'
complete -c mooring -n "__fish_seen_subcommand_from $connecting" -l header -x -d 'Header for a URL'
complete -c mooring -n "__fish_seen_subcommand_from $connecting" -l timeout -x -d 'Give up after so many seconds'
complete -c mooring -n '__fish_seen_subcommand_from logs' -s n -l lines -x -d 'How many of the last lines'
complete -c mooring -n '__fish_seen_subcommand_from logs' -s f -l follow -d 'Go on with what is added'
complete -c mooring -n '__fish_seen_subcommand_from login' -l device -d 'Sign in on another device'
complete -c mooring -n '__fish_seen_subcommand_from login' -l headless -d 'Paste back where the browser was sent'
complete -c mooring -n '__fish_seen_subcommand_from login' -l scope -x -d 'Scopes besides the usual ones'
complete -c mooring -n '__fish_seen_subcommand_from explain' -l jsonl -d 'One failure a line'
complete -c mooring -n '__fish_seen_subcommand_from chaos' -l upstream -x -d 'The server to stand before'
complete -c mooring -n '__fish_seen_subcommand_from chaos' -l listen -x -d 'Where to listen'
complete -c mooring -n '__fish_seen_subcommand_from chaos' -l fault -x -a '(__mooring_faults)' -d 'A fault and when it strikes'
complete -c mooring -n '__fish_seen_subcommand_from chaos' -l seed -x -d 'Repeat the choices of a run'
complete -c mooring -n '__fish_seen_subcommand_from chaos' -l list -d 'Print faults and dialects'
complete -c mooring -n '__fish_seen_subcommand_from chaos' -l json -d 'Faults as JSON on stdout'
complete -c mooring -n '__fish_seen_subcommand_from chaos' -l control -d 'Local programs may inject faults'
complete -c mooring -n '__fish_seen_subcommand_from chaos' -l insecure -d 'Listen beyond loopback'
complete -c mooring -n '__fish_seen_subcommand_from serve' -l listen -x -d 'Where to listen'
complete -c mooring -n '__fish_seen_subcommand_from serve' -l stdio -d 'MCP on stdin and stdout'
complete -c mooring -n '__fish_seen_subcommand_from serve' -l threads -x -d 'Worker threads'
complete -c mooring -n '__fish_seen_subcommand_from serve' -l insecure -d 'No authentication beyond loopback'
complete -c mooring -n '__fish_seen_subcommand_from serve' -l log-format -x -a 'text json' -d 'Form of the log'
