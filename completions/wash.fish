# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_wash_global_optspecs
    string join \n o/output= q/quiet v/verbose no-input color= log-level= log-format= h/help V/version
end

function __fish_wash_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_wash_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_wash_using_subcommand
    set -l cmd (__fish_wash_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c wash -n "__fish_wash_needs_command" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_needs_command" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_needs_command" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_needs_command" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_needs_command" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_needs_command" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_needs_command" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_needs_command" -s V -l version -d 'Print version'
complete -c wash -n "__fish_wash_needs_command" -f -a "up" -d 'Start a host, and a NATS server if none answers'
complete -c wash -n "__fish_wash_needs_command" -f -a "down" -d 'Stop a host that `wash up` started on this machine'
complete -c wash -n "__fish_wash_needs_command" -f -a "status" -d 'Show the hosts that `wash up` started on this machine'
complete -c wash -n "__fish_wash_needs_command" -f -a "ctl" -d 'Control a lattice; each verb also works without `ctl`'
complete -c wash -n "__fish_wash_needs_command" -f -a "get" -d 'Show hosts, what they run, claims and links'
complete -c wash -n "__fish_wash_needs_command" -f -a "start" -d 'Start an actor or a provider'
complete -c wash -n "__fish_wash_needs_command" -f -a "stop" -d 'Stop an actor, a provider or a host'
complete -c wash -n "__fish_wash_needs_command" -f -a "scale" -d 'Set how many calls of an actor run at once'
complete -c wash -n "__fish_wash_needs_command" -f -a "update" -d 'Replace a running actor by a newer revision'
complete -c wash -n "__fish_wash_needs_command" -f -a "link" -d 'Put, remove and list links between actors and providers'
complete -c wash -n "__fish_wash_needs_command" -f -a "apply" -d 'Start and link what a manifest lists, and wait until it runs'
complete -c wash -n "__fish_wash_needs_command" -f -a "label" -d 'Set or remove labels of a host'
complete -c wash -n "__fish_wash_needs_command" -f -a "call" -d 'Call an operation of an actor'
complete -c wash -n "__fish_wash_needs_command" -f -a "ctx" -d 'Name lattices and how to reach them'
complete -c wash -n "__fish_wash_needs_command" -f -a "doctor" -d 'Find out what is wrong between here and a lattice'
complete -c wash -n "__fish_wash_needs_command" -f -a "leaf" -d 'Join this machine to others over a hub: configuration, proof, and a bundle for the next machine'
complete -c wash -n "__fish_wash_needs_command" -f -a "keys" -d 'Make, show and list keys'
complete -c wash -n "__fish_wash_needs_command" -f -a "claims" -d 'Read and write what modules state about themselves'
complete -c wash -n "__fish_wash_needs_command" -f -a "par" -d 'Make, read and unpack provider archives'
complete -c wash -n "__fish_wash_needs_command" -f -a "reg" -d 'Push, pull, and log in to registries'
complete -c wash -n "__fish_wash_needs_command" -f -a "push" -d 'Push an actor, component or provider archive to a registry'
complete -c wash -n "__fish_wash_needs_command" -f -a "pull" -d 'Pull an artifact from a registry'
complete -c wash -n "__fish_wash_needs_command" -f -a "inspect" -d 'Show what a module or provider archive states about itself'
complete -c wash -n "__fish_wash_needs_command" -f -a "drain" -d 'Clear caches of artifacts, libraries and compiled code'
complete -c wash -n "__fish_wash_needs_command" -f -a "nats" -d 'Serve NATS on this machine, install nats-server, move what a server keeps'
complete -c wash -n "__fish_wash_needs_command" -f -a "hub" -d 'Make a NATS hub of one\'s own, and say who may use it'
complete -c wash -n "__fish_wash_needs_command" -f -a "policy" -d 'Decide what hosts may start and who may call actors'
complete -c wash -n "__fish_wash_needs_command" -f -a "config-service" -d 'Tell hosts what to start'
complete -c wash -n "__fish_wash_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c wash -n "__fish_wash_needs_command" -f -a "man" -d 'Print the manual page, or write those of every command into a directory'
complete -c wash -n "__fish_wash_needs_command" -f -a "provider-guard" -d 'Wait for the end of stdin, then end what the host of a folder left behind'
complete -c wash -n "__fish_wash_needs_command" -f -a "help" -d 'Show help of a command, or a topic: exit-codes, environment, formats'
complete -c wash -n "__fish_wash_using_subcommand up" -l ready-timeout -d 'How long everything may take to be ready' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l apply -d 'Start the actors, providers and links of this manifest, and wait until they run' -r -F
complete -c wash -n "__fish_wash_using_subcommand up" -l host-config -d 'Read and write this host configuration [env: WASH_HOST_CONFIG, HOST_CONFIG]' -r -F
complete -c wash -n "__fish_wash_using_subcommand up" -s l -l label -d 'Label of the host; may be repeated [env: HOST_*, WASMCLOUD_LABEL_*]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l bundle -d 'Join a lattice with the bundle that `wash leaf bundle` made; flags and variables win over it' -r -F
complete -c wash -n "__fish_wash_using_subcommand up" -l passphrase-file -d 'File with the bundle\'s passphrase' -r -F
complete -c wash -n "__fish_wash_using_subcommand up" -l passphrase-env -d 'Environment variable with the bundle\'s passphrase' -r
complete -c wash -n "__fish_wash_using_subcommand up" -s x -l lattice -d 'Name of the lattice [default: default] [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l name -d 'Friendly name of the host [default: two random words and a number] [env: WASH_NAME]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l host-seed -d 'The host\'s own seed, or a file with it [default: a new one at each start] [env: WASMCLOUD_HOST_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l cluster-seed -d 'Seed that signs calls between hosts, or a file with it [default: one is made and kept] [env: WASMCLOUD_CLUSTER_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l cluster-issuers -d 'Public keys of other clusters whose calls are accepted, comma-separated [env: WASMCLOUD_CLUSTER_ISSUERS]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l rpc-timeout-ms -d 'How long a call may take [default: 2000] [env: WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l provider-delay -d 'How long a provider may take to stop [default: 300] [env: WASMCLOUD_PROV_SHUTDOWN_DELAY_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l allow-latest -d 'Allow references with the tag latest, or with none [env: WASMCLOUD_OCI_ALLOW_LATEST]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l allowed-insecure -d 'Registries to reach without TLS, as HOST or HOST:PORT, comma-separated [env: WASMCLOUD_OCI_ALLOWED_INSECURE]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l oci-registry -d 'Registry that the following user and password are for [env: OCI_REGISTRY, WASMCLOUD_OCI_REGISTRY]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l oci-registry-user -d 'User at that registry [default: as `docker login` and `wash reg login` keep it] [env: OCI_REGISTRY_USER, WASMCLOUD_OCI_REGISTRY_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l oci-registry-password -d 'Password at that registry [env: OCI_REGISTRY_PASSWORD, WASMCLOUD_OCI_REGISTRY_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l oci-ca-file -d 'Certificate authorities to trust for registries besides the platform\'s, PEM, comma-separated [env: WASH_OCI_CA_FILE]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l allow-file-load -d 'Allow file:// references, which the host reads from its disk [default: only if NATS listens on this machine alone] [env: WASMCLOUD_ALLOW_FILE_LOAD]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l allow-unsigned -d 'Run unsigned modules too: for development [env: WASH_ALLOW_UNSIGNED]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l lenient-provider-claims -d 'Run provider archives although their claims have expired or are issued by no account, as only old tools wrote them [env: WASH_LENIENT_PROVIDER_CLAIMS]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l provider-env -d 'Environment variables that providers\' processes get besides RUST_LOG, OTEL_TRACES_EXPORTER and OTEL_EXPORTER_OTLP_ENDPOINT, comma-separated [env: WASH_PROVIDER_ENV]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l no-builtin-aliases -d 'Do not take references to first-party providers for the built-in ones [env: WASH_NO_BUILTIN_ALIASES]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l config-service-enabled -d 'Ask the lattice\'s config service at the start what to start, see `wash config-service serve` [env: WASMCLOUD_CONFIG_SERVICE]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l enable-structured-logging -d 'Write log lines as JSON [env: WASMCLOUD_STRUCTURED_LOGGING_ENABLED]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l structured-log-level -d 'Log level of the host [default: info] [env: WASMCLOUD_STRUCTURED_LOG_LEVEL, WASMCLOUD_LOG_LEVEL]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l enable-ipv6 -d 'Accepted for older scripts: IPv6 addresses always work [env: WASMCLOUD_ENABLE_IPV6]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l grace -d 'How long running calls may take to finish when the host stops [default: 10s] [env: WASH_GRACE]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l nats-host -d 'Where NATS is, or where to start it [default: 127.0.0.1] [env: WASMCLOUD_NATS_HOST, NATS_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l nats-port -d 'Port of NATS; 0 starts a server on any free port [default: 4222] [env: WASMCLOUD_NATS_PORT, NATS_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l nats -d 'Which NATS: embedded, the one in wash; server, a nats-server; external, one that is there already, never started; auto, whatever answers, else a nats-server, else embedded [default: auto] [env: WASH_NATS]' -r -f -a "auto\t''
embedded\t''
server\t''
external\t''"
complete -c wash -n "__fish_wash_using_subcommand up" -l nats-config -d 'Configuration of the nats-server that is started, in place of one that is written; its address counts [env: WASH_NATS_CONFIG]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l nats-connect-only -d 'Never start a NATS server [env: WASMCLOUD_NATS_CONNECT_ONLY, NATS_CONNECT_ONLY]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l nats-server -d 'The nats-server to start, or `embedded` for the one in wash [default: the one of `wash nats install`, else the first on the PATH or in the usual folders, else embedded] [env: WASH_NATS_SERVER]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l nats-js-domain -d 'JetStream domain of the server that is started [default: none] [env: WASMCLOUD_NATS_JS_DOMAIN, NATS_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l js-domain -d 'JetStream domain in which the lattice keeps its state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l leaf-remote -d 'Hub to be a leaf of, as nats-leaf://HOST:PORT or tls://HOST:PORT; repeat it for several hubs, and separate the addresses of one hub by commas [env: WASH_LEAF_REMOTES, NATS_REMOTE_URL]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l creds -d 'Credentials file for the hub [env: WASH_LEAF_CREDS, NATS_CREDSFILE]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l nkey -d 'nkey seed for the hub, or a file with it [env: WASH_LEAF_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l user -d 'User at the hub [env: WASH_LEAF_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l password -d 'Password at the hub [env: WASH_LEAF_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l token -d 'Token for the hub [env: WASH_LEAF_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l tls-ca -d 'Certificate authority of the hub, PEM [default: those of the system] [env: WASH_LEAF_CA]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l tls-cert -d 'Client certificate for the hub, PEM [env: WASH_LEAF_CERT]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l tls-key -d 'Key of the client certificate, PEM [env: WASH_LEAF_KEY]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l tls-first -d 'Begin TLS before the hub speaks [env: WASH_LEAF_TLS_FIRST]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l account -d 'Local account that is joined to the hub [default: the one that all are in] [env: WASH_LEAF_ACCOUNT]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l leaf-optional -d 'Start although a hub, or the domain of the state, cannot be reached, and say in the log when it is [env: WASH_LEAF_OPTIONAL]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l ctl-host -d 'NATS host for the control interface [default: --nats-host] [env: WASMCLOUD_CTL_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l ctl-port -d 'NATS port for the control interface [default: --nats-port] [env: WASMCLOUD_CTL_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l ctl-seed -d 'User seed for the control interface, or a file with it [env: WASMCLOUD_CTL_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l ctl-jwt -d 'User JWT for the control interface, or a file with it; needs a seed [env: WASMCLOUD_CTL_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l ctl-credsfile -d 'Credentials file for the control interface [env: WASMCLOUD_CTL_CREDSFILE]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l ctl-tls -d 'TLS for the control interface [env: WASMCLOUD_CTL_TLS]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l ctl-topic-prefix -d 'First part of control subjects [default: wasmbus.ctl] [env: WASMCLOUD_CTL_TOPIC_PREFIX]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l rpc-host -d 'NATS host for calls [default: --nats-host] [env: WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l rpc-port -d 'NATS port for calls [default: --nats-port] [env: WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l rpc-seed -d 'User seed for calls, or a file with it [env: WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l rpc-jwt -d 'User JWT for calls, or a file with it; needs a seed [env: WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l rpc-credsfile -d 'Credentials file for calls [env: WASMCLOUD_RPC_CREDSFILE]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l rpc-tls -d 'TLS for calls [env: WASMCLOUD_RPC_TLS]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l prov-rpc-host -d 'NATS host for providers that run as processes [default: that for calls] [env: WASMCLOUD_PROV_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l prov-rpc-port -d 'NATS port for providers that run as processes [default: that for calls] [env: WASMCLOUD_PROV_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l prov-rpc-seed -d 'User seed for these providers, or a file with it [default: user and credentials as for calls] [env: WASMCLOUD_PROV_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l prov-rpc-jwt -d 'User JWT for these providers, or a file with it; needs a seed [env: WASMCLOUD_PROV_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l prov-rpc-credsfile -d 'Credentials file for these providers [env: WASMCLOUD_PROV_RPC_CREDSFILE]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l prov-rpc-tls -d 'TLS for these providers [env: WASMCLOUD_PROV_RPC_TLS]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l policy-topic -d 'Ask a policy service on this subject before starts and calls, see `wash policy serve` [default: none, all is allowed] [env: WASMCLOUD_POLICY_TOPIC]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l policy-changes-topic -d 'Subject on which the policy service changes decisions [env: WASMCLOUD_POLICY_CHANGES_TOPIC]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l policy-timeout-ms -d 'How long the policy service may take; without an answer all is denied [default: 1000] [env: WASMCLOUD_POLICY_TIMEOUT]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l max-memory -d 'Memory of one actor instance: 64MiB, 1GiB; bare numbers are bytes [default: 256MiB] [env: WASH_MAX_MEMORY]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l max-time -d 'How long an actor may work on one call [default: 30s] [env: WASH_MAX_TIME]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l max-depth -d 'How many calls from actor to actor may follow from one [default: 32] [env: WASH_MAX_DEPTH]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l max-instances -d 'How many actor instances may run at once [default: 1000] [env: WASH_MAX_INSTANCES]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l provider-max-memory -d 'Memory of a provider and what it starts, by control groups; without these, address space of each process [default: no limit] [env: WASH_PROVIDER_MAX_MEMORY]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l provider-max-cpus -d 'CPUs of a provider and what it starts: 0.5, 2; needs control groups of version 2 [default: no limit] [env: WASH_PROVIDER_MAX_CPUS]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l provider-max-tasks -d 'Processes and threads of a provider; needs control groups of version 2 [default: no limit] [env: WASH_PROVIDER_MAX_TASKS]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l provider-max-files -d 'Files and connections that a provider process may have open [default: as the host] [env: WASH_PROVIDER_MAX_FILES]' -r
complete -c wash -n "__fish_wash_using_subcommand up" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand up" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand up" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand up" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand up" -s d -l detached -d 'Run in the background; returns once the host answers on its lattice'
complete -c wash -n "__fish_wash_using_subcommand up" -l expand-env -d 'Replace ${VARIABLE:default} in the manifest'
complete -c wash -n "__fish_wash_using_subcommand up" -l ephemeral -d 'Keep nothing: no configuration, no lattice state, no compiled code'
complete -c wash -n "__fish_wash_using_subcommand up" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand up" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand up" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand up" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand down" -s t -l timeout -d 'How long a host may take to stop' -r
complete -c wash -n "__fish_wash_using_subcommand down" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand down" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand down" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand down" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand down" -l all -d 'Stop every host that runs on this machine'
complete -c wash -n "__fish_wash_using_subcommand down" -l force -d 'Kill what has not stopped in time'
complete -c wash -n "__fish_wash_using_subcommand down" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand down" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand down" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand down" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand status" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand status" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand status" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand status" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand status" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand status" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand status" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand ctl; and not __fish_seen_subcommand_from get start stop scale update link apply label" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand ctl; and not __fish_seen_subcommand_from get start stop scale update link apply label" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand ctl; and not __fish_seen_subcommand_from get start stop scale update link apply label" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and not __fish_seen_subcommand_from get start stop scale update link apply label" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand ctl; and not __fish_seen_subcommand_from get start stop scale update link apply label" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand ctl; and not __fish_seen_subcommand_from get start stop scale update link apply label" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand ctl; and not __fish_seen_subcommand_from get start stop scale update link apply label" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand ctl; and not __fish_seen_subcommand_from get start stop scale update link apply label" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand ctl; and not __fish_seen_subcommand_from get start stop scale update link apply label" -f -a "get" -d 'Show hosts, what they run, claims and links'
complete -c wash -n "__fish_wash_using_subcommand ctl; and not __fish_seen_subcommand_from get start stop scale update link apply label" -f -a "start" -d 'Start an actor or a provider'
complete -c wash -n "__fish_wash_using_subcommand ctl; and not __fish_seen_subcommand_from get start stop scale update link apply label" -f -a "stop" -d 'Stop an actor, a provider or a host'
complete -c wash -n "__fish_wash_using_subcommand ctl; and not __fish_seen_subcommand_from get start stop scale update link apply label" -f -a "scale" -d 'Set how many calls of an actor run at once'
complete -c wash -n "__fish_wash_using_subcommand ctl; and not __fish_seen_subcommand_from get start stop scale update link apply label" -f -a "update" -d 'Replace a running actor by a newer revision'
complete -c wash -n "__fish_wash_using_subcommand ctl; and not __fish_seen_subcommand_from get start stop scale update link apply label" -f -a "link" -d 'Put, remove and list links between actors and providers'
complete -c wash -n "__fish_wash_using_subcommand ctl; and not __fish_seen_subcommand_from get start stop scale update link apply label" -f -a "apply" -d 'Start and link what a manifest lists, and wait until it runs'
complete -c wash -n "__fish_wash_using_subcommand ctl; and not __fish_seen_subcommand_from get start stop scale update link apply label" -f -a "label" -d 'Set or remove labels of a host'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from get" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from get" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from get" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from get" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from get" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from get" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from get" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from get" -f -a "hosts" -d 'List hosts'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from get" -f -a "inventory" -d 'Show what runs on a host, or on every host'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from get" -f -a "claims" -d 'List what is known of every actor and provider that ever ran'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from get" -f -a "links" -d 'List links between actors and providers'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from start" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from start" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from start" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from start" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from start" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from start" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from start" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from start" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from start" -f -a "actor" -d 'Start an actor'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from start" -f -a "provider" -d 'Start a capability provider'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from stop" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from stop" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from stop" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from stop" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from stop" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from stop" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from stop" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from stop" -f -a "actor" -d 'Stop an actor'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from stop" -f -a "provider" -d 'Stop a capability provider'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from stop" -f -a "host" -d 'Stop a host and everything on it'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from scale" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from scale" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from scale" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from scale" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from scale" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from scale" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from scale" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from scale" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from scale" -f -a "actor" -d 'Set how many calls of an actor run at once'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from update" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from update" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from update" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from update" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from update" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from update" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from update" -f -a "actor" -d 'Replace a running actor by a newer revision'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from update" -f -a "provider" -d 'Replace a running provider by another program of the same key'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from link" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from link" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from link" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from link" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from link" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from link" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from link" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from link" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from link" -f -a "put" -d 'Link an actor to a provider'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from link" -f -a "del" -d 'Remove a link'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from link" -f -a "query" -d 'List links'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -l host -d 'Host to start things on [default: any that fits]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -s s -l server -d 'NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -s r -l ctl-host -d 'NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -s p -l ctl-port -d 'NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -s x -l lattice -d 'Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -l context -d 'Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -s t -l timeout -d 'How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever [env: WASH_TIMEOUT] [default: 30s]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -l creds -d 'NATS credentials file [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -l ctl-jwt -d 'NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -l ctl-seed -d 'NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -l nkey -d 'NATS nkey seed, or a file with one [env: NATS_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -l user -d 'NATS user name [env: NATS_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -l password -d 'NATS password [env: NATS_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -l token -d 'NATS token [env: NATS_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -l tls-ca -d 'Certificate authority to trust, PEM [env: NATS_CA]' -r -F
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -l tls-cert -d 'Client certificate, PEM [env: NATS_CERT]' -r -F
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -l tls-key -d 'Key of the client certificate, PEM [env: NATS_KEY]' -r -F
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -l js-domain -d 'JetStream domain of the lattice\'s state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -l ctl-prefix -d 'First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -l timeout-ms -d 'Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -s e -l expand-env -d 'Replace ${NAME}, ${NAME:default} and ${NAME:-default} by environment variables'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -l no-verify -d 'Send module files without checking their signatures and dates first'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -l no-wait -d 'Return when the request is accepted, before its effect is seen'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -l tls-first -d 'Begin TLS before the server speaks [env: NATS_TLS_FIRST]'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from apply" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -l delete -d 'Label to remove; repeatable' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -l host -d 'The host, if it is not the first word' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -s s -l server -d 'NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -s r -l ctl-host -d 'NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -s p -l ctl-port -d 'NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -s x -l lattice -d 'Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -l context -d 'Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -s t -l timeout -d 'How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever [env: WASH_TIMEOUT] [default: 30s]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -l creds -d 'NATS credentials file [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -l ctl-jwt -d 'NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -l ctl-seed -d 'NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -l nkey -d 'NATS nkey seed, or a file with one [env: NATS_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -l user -d 'NATS user name [env: NATS_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -l password -d 'NATS password [env: NATS_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -l token -d 'NATS token [env: NATS_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -l tls-ca -d 'Certificate authority to trust, PEM [env: NATS_CA]' -r -F
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -l tls-cert -d 'Client certificate, PEM [env: NATS_CERT]' -r -F
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -l tls-key -d 'Key of the client certificate, PEM [env: NATS_KEY]' -r -F
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -l js-domain -d 'JetStream domain of the lattice\'s state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -l ctl-prefix -d 'First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -l timeout-ms -d 'Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -l no-wait -d 'Return when the request is accepted, before its effect is seen'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -l tls-first -d 'Begin TLS before the server speaks [env: NATS_TLS_FIRST]'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand ctl; and __fish_seen_subcommand_from label" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand get; and not __fish_seen_subcommand_from hosts inventory claims links" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand get; and not __fish_seen_subcommand_from hosts inventory claims links" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand get; and not __fish_seen_subcommand_from hosts inventory claims links" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand get; and not __fish_seen_subcommand_from hosts inventory claims links" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand get; and not __fish_seen_subcommand_from hosts inventory claims links" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand get; and not __fish_seen_subcommand_from hosts inventory claims links" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand get; and not __fish_seen_subcommand_from hosts inventory claims links" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand get; and not __fish_seen_subcommand_from hosts inventory claims links" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand get; and not __fish_seen_subcommand_from hosts inventory claims links" -f -a "hosts" -d 'List hosts'
complete -c wash -n "__fish_wash_using_subcommand get; and not __fish_seen_subcommand_from hosts inventory claims links" -f -a "inventory" -d 'Show what runs on a host, or on every host'
complete -c wash -n "__fish_wash_using_subcommand get; and not __fish_seen_subcommand_from hosts inventory claims links" -f -a "claims" -d 'List what is known of every actor and provider that ever ran'
complete -c wash -n "__fish_wash_using_subcommand get; and not __fish_seen_subcommand_from hosts inventory claims links" -f -a "links" -d 'List links between actors and providers'
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -l expect -d 'Return as soon as this many have answered, instead of when no more answers come' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -s s -l server -d 'NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -s r -l ctl-host -d 'NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -s p -l ctl-port -d 'NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -s x -l lattice -d 'Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -l context -d 'Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -s t -l timeout -d 'How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever [env: WASH_TIMEOUT] [default: 30s]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -l creds -d 'NATS credentials file [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -l ctl-jwt -d 'NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -l ctl-seed -d 'NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -l nkey -d 'NATS nkey seed, or a file with one [env: NATS_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -l user -d 'NATS user name [env: NATS_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -l password -d 'NATS password [env: NATS_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -l token -d 'NATS token [env: NATS_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -l tls-ca -d 'Certificate authority to trust, PEM [env: NATS_CA]' -r -F
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -l tls-cert -d 'Client certificate, PEM [env: NATS_CERT]' -r -F
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -l tls-key -d 'Key of the client certificate, PEM [env: NATS_KEY]' -r -F
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -l js-domain -d 'JetStream domain of the lattice\'s state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -l ctl-prefix -d 'First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -l timeout-ms -d 'Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -l no-wait -d 'Return when the request is accepted, before its effect is seen'
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -l tls-first -d 'Begin TLS before the server speaks [env: NATS_TLS_FIRST]'
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from hosts" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -s s -l server -d 'NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -s r -l ctl-host -d 'NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -s p -l ctl-port -d 'NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -s x -l lattice -d 'Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -l context -d 'Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -s t -l timeout -d 'How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever [env: WASH_TIMEOUT] [default: 30s]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -l creds -d 'NATS credentials file [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -l ctl-jwt -d 'NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -l ctl-seed -d 'NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -l nkey -d 'NATS nkey seed, or a file with one [env: NATS_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -l user -d 'NATS user name [env: NATS_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -l password -d 'NATS password [env: NATS_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -l token -d 'NATS token [env: NATS_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -l tls-ca -d 'Certificate authority to trust, PEM [env: NATS_CA]' -r -F
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -l tls-cert -d 'Client certificate, PEM [env: NATS_CERT]' -r -F
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -l tls-key -d 'Key of the client certificate, PEM [env: NATS_KEY]' -r -F
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -l js-domain -d 'JetStream domain of the lattice\'s state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -l ctl-prefix -d 'First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -l timeout-ms -d 'Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -l no-wait -d 'Return when the request is accepted, before its effect is seen'
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -l tls-first -d 'Begin TLS before the server speaks [env: NATS_TLS_FIRST]'
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from inventory" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -s s -l server -d 'NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -s r -l ctl-host -d 'NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -s p -l ctl-port -d 'NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -s x -l lattice -d 'Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -l context -d 'Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -s t -l timeout -d 'How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever [env: WASH_TIMEOUT] [default: 30s]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -l creds -d 'NATS credentials file [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -l ctl-jwt -d 'NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -l ctl-seed -d 'NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -l nkey -d 'NATS nkey seed, or a file with one [env: NATS_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -l user -d 'NATS user name [env: NATS_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -l password -d 'NATS password [env: NATS_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -l token -d 'NATS token [env: NATS_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -l tls-ca -d 'Certificate authority to trust, PEM [env: NATS_CA]' -r -F
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -l tls-cert -d 'Client certificate, PEM [env: NATS_CERT]' -r -F
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -l tls-key -d 'Key of the client certificate, PEM [env: NATS_KEY]' -r -F
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -l js-domain -d 'JetStream domain of the lattice\'s state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -l ctl-prefix -d 'First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -l timeout-ms -d 'Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -l no-wait -d 'Return when the request is accepted, before its effect is seen'
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -l tls-first -d 'Begin TLS before the server speaks [env: NATS_TLS_FIRST]'
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from claims" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -s s -l server -d 'NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -s r -l ctl-host -d 'NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -s p -l ctl-port -d 'NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -s x -l lattice -d 'Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -l context -d 'Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -s t -l timeout -d 'How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever [env: WASH_TIMEOUT] [default: 30s]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -l creds -d 'NATS credentials file [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -l ctl-jwt -d 'NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -l ctl-seed -d 'NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -l nkey -d 'NATS nkey seed, or a file with one [env: NATS_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -l user -d 'NATS user name [env: NATS_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -l password -d 'NATS password [env: NATS_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -l token -d 'NATS token [env: NATS_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -l tls-ca -d 'Certificate authority to trust, PEM [env: NATS_CA]' -r -F
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -l tls-cert -d 'Client certificate, PEM [env: NATS_CERT]' -r -F
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -l tls-key -d 'Key of the client certificate, PEM [env: NATS_KEY]' -r -F
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -l js-domain -d 'JetStream domain of the lattice\'s state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -l ctl-prefix -d 'First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -l timeout-ms -d 'Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -l no-wait -d 'Return when the request is accepted, before its effect is seen'
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -l tls-first -d 'Begin TLS before the server speaks [env: NATS_TLS_FIRST]'
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand get; and __fish_seen_subcommand_from links" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand start; and not __fish_seen_subcommand_from actor provider" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand start; and not __fish_seen_subcommand_from actor provider" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand start; and not __fish_seen_subcommand_from actor provider" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand start; and not __fish_seen_subcommand_from actor provider" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand start; and not __fish_seen_subcommand_from actor provider" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand start; and not __fish_seen_subcommand_from actor provider" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand start; and not __fish_seen_subcommand_from actor provider" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand start; and not __fish_seen_subcommand_from actor provider" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand start; and not __fish_seen_subcommand_from actor provider" -f -a "actor" -d 'Start an actor'
complete -c wash -n "__fish_wash_using_subcommand start; and not __fish_seen_subcommand_from actor provider" -f -a "provider" -d 'Start a capability provider'
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -l host -d 'Host to start it on: id, name or unique prefix' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -l count -l max -d 'The most calls that run at once; instances on older hosts [default: 1]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -s c -l constraint -d 'Label that the host must have; repeatable' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -s l -l annotation -d 'Note kept with what is started; repeatable' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -s s -l server -d 'NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -s r -l ctl-host -d 'NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -s p -l ctl-port -d 'NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -s x -l lattice -d 'Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -l context -d 'Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -s t -l timeout -d 'How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever [env: WASH_TIMEOUT] [default: 30s]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -l creds -d 'NATS credentials file [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -l ctl-jwt -d 'NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -l ctl-seed -d 'NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -l nkey -d 'NATS nkey seed, or a file with one [env: NATS_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -l user -d 'NATS user name [env: NATS_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -l password -d 'NATS password [env: NATS_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -l token -d 'NATS token [env: NATS_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -l tls-ca -d 'Certificate authority to trust, PEM [env: NATS_CA]' -r -F
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -l tls-cert -d 'Client certificate, PEM [env: NATS_CERT]' -r -F
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -l tls-key -d 'Key of the client certificate, PEM [env: NATS_KEY]' -r -F
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -l js-domain -d 'JetStream domain of the lattice\'s state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -l ctl-prefix -d 'First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -l timeout-ms -d 'Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -l no-verify -d 'Send a module file without checking its signature and dates first'
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -l no-wait -d 'Return when the request is accepted, before its effect is seen'
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -l tls-first -d 'Begin TLS before the server speaks [env: NATS_TLS_FIRST]'
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from actor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -l host -d 'Host to start it on: id, name or unique prefix' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -s l -l link-name -d 'Link name under which it serves' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -s c -l constraint -d 'Label that the host must have; repeatable' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -s a -l annotation -d 'Note kept with what is started; repeatable' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -l config-json -d 'File with the configuration that the provider is given at its start; - is stdin' -r -F
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -s s -l server -d 'NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -s r -l ctl-host -d 'NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -s p -l ctl-port -d 'NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -s x -l lattice -d 'Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -l context -d 'Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -s t -l timeout -d 'How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever [env: WASH_TIMEOUT] [default: 30s]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -l creds -d 'NATS credentials file [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -l ctl-jwt -d 'NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -l ctl-seed -d 'NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -l nkey -d 'NATS nkey seed, or a file with one [env: NATS_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -l user -d 'NATS user name [env: NATS_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -l password -d 'NATS password [env: NATS_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -l token -d 'NATS token [env: NATS_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -l tls-ca -d 'Certificate authority to trust, PEM [env: NATS_CA]' -r -F
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -l tls-cert -d 'Client certificate, PEM [env: NATS_CERT]' -r -F
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -l tls-key -d 'Key of the client certificate, PEM [env: NATS_KEY]' -r -F
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -l js-domain -d 'JetStream domain of the lattice\'s state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -l ctl-prefix -d 'First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -l timeout-ms -d 'Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -l no-wait -d 'Return when the request is accepted, before its effect is seen'
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -l tls-first -d 'Begin TLS before the server speaks [env: NATS_TLS_FIRST]'
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand start; and __fish_seen_subcommand_from provider" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand stop; and not __fish_seen_subcommand_from actor provider host" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand stop; and not __fish_seen_subcommand_from actor provider host" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand stop; and not __fish_seen_subcommand_from actor provider host" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and not __fish_seen_subcommand_from actor provider host" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand stop; and not __fish_seen_subcommand_from actor provider host" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand stop; and not __fish_seen_subcommand_from actor provider host" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand stop; and not __fish_seen_subcommand_from actor provider host" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand stop; and not __fish_seen_subcommand_from actor provider host" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand stop; and not __fish_seen_subcommand_from actor provider host" -f -a "actor" -d 'Stop an actor'
complete -c wash -n "__fish_wash_using_subcommand stop; and not __fish_seen_subcommand_from actor provider host" -f -a "provider" -d 'Stop a capability provider'
complete -c wash -n "__fish_wash_using_subcommand stop; and not __fish_seen_subcommand_from actor provider host" -f -a "host" -d 'Stop a host and everything on it'
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -l host -d 'Host to stop it on, if it runs on several' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -l count -d 'How many to stop; 0 is all of them' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -s l -l annotation -d 'Only what was started with this note; repeatable' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -s s -l server -d 'NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -s r -l ctl-host -d 'NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -s p -l ctl-port -d 'NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -s x -l lattice -d 'Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -l context -d 'Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -s t -l timeout -d 'How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever [env: WASH_TIMEOUT] [default: 30s]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -l creds -d 'NATS credentials file [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -l ctl-jwt -d 'NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -l ctl-seed -d 'NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -l nkey -d 'NATS nkey seed, or a file with one [env: NATS_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -l user -d 'NATS user name [env: NATS_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -l password -d 'NATS password [env: NATS_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -l token -d 'NATS token [env: NATS_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -l tls-ca -d 'Certificate authority to trust, PEM [env: NATS_CA]' -r -F
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -l tls-cert -d 'Client certificate, PEM [env: NATS_CERT]' -r -F
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -l tls-key -d 'Key of the client certificate, PEM [env: NATS_KEY]' -r -F
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -l js-domain -d 'JetStream domain of the lattice\'s state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -l ctl-prefix -d 'First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -l timeout-ms -d 'Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -l all -d 'Stop it on every host that runs it'
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -l no-wait -d 'Return when the request is accepted, before its effect is seen'
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -l tls-first -d 'Begin TLS before the server speaks [env: NATS_TLS_FIRST]'
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from actor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -l host -d 'Host to stop it on, if it runs on several' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -s l -l link-name -d 'Link name under which it serves, if it runs under several' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -s s -l server -d 'NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -s r -l ctl-host -d 'NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -s p -l ctl-port -d 'NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -s x -l lattice -d 'Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -l context -d 'Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -s t -l timeout -d 'How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever [env: WASH_TIMEOUT] [default: 30s]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -l creds -d 'NATS credentials file [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -l ctl-jwt -d 'NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -l ctl-seed -d 'NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -l nkey -d 'NATS nkey seed, or a file with one [env: NATS_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -l user -d 'NATS user name [env: NATS_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -l password -d 'NATS password [env: NATS_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -l token -d 'NATS token [env: NATS_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -l tls-ca -d 'Certificate authority to trust, PEM [env: NATS_CA]' -r -F
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -l tls-cert -d 'Client certificate, PEM [env: NATS_CERT]' -r -F
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -l tls-key -d 'Key of the client certificate, PEM [env: NATS_KEY]' -r -F
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -l js-domain -d 'JetStream domain of the lattice\'s state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -l ctl-prefix -d 'First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -l timeout-ms -d 'Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -l all -d 'Stop it on every host that runs it'
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -l no-wait -d 'Return when the request is accepted, before its effect is seen'
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -l tls-first -d 'Begin TLS before the server speaks [env: NATS_TLS_FIRST]'
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from provider" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -l host-timeout -d 'Time for what runs to finish, in milliseconds' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -s s -l server -d 'NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -s r -l ctl-host -d 'NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -s p -l ctl-port -d 'NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -s x -l lattice -d 'Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -l context -d 'Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -s t -l timeout -d 'How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever [env: WASH_TIMEOUT] [default: 30s]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -l creds -d 'NATS credentials file [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -l ctl-jwt -d 'NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -l ctl-seed -d 'NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -l nkey -d 'NATS nkey seed, or a file with one [env: NATS_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -l user -d 'NATS user name [env: NATS_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -l password -d 'NATS password [env: NATS_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -l token -d 'NATS token [env: NATS_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -l tls-ca -d 'Certificate authority to trust, PEM [env: NATS_CA]' -r -F
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -l tls-cert -d 'Client certificate, PEM [env: NATS_CERT]' -r -F
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -l tls-key -d 'Key of the client certificate, PEM [env: NATS_KEY]' -r -F
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -l js-domain -d 'JetStream domain of the lattice\'s state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -l ctl-prefix -d 'First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -l timeout-ms -d 'Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -l no-wait -d 'Return when the request is accepted, before its effect is seen'
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -l tls-first -d 'Begin TLS before the server speaks [env: NATS_TLS_FIRST]'
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand stop; and __fish_seen_subcommand_from host" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand scale; and not __fish_seen_subcommand_from actor" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand scale; and not __fish_seen_subcommand_from actor" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand scale; and not __fish_seen_subcommand_from actor" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand scale; and not __fish_seen_subcommand_from actor" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand scale; and not __fish_seen_subcommand_from actor" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand scale; and not __fish_seen_subcommand_from actor" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand scale; and not __fish_seen_subcommand_from actor" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand scale; and not __fish_seen_subcommand_from actor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand scale; and not __fish_seen_subcommand_from actor" -f -a "actor" -d 'Set how many calls of an actor run at once'
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -l host -d 'Host to scale it on, if there are several' -r
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -s c -l count -l max -d 'The most calls that run at once; instances on older hosts; 0 stops it' -r
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -s a -l annotation -d 'The set of notes whose count to change; repeatable' -r
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -s s -l server -d 'NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]' -r
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -s r -l ctl-host -d 'NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -s p -l ctl-port -d 'NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -s x -l lattice -d 'Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]' -r
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -l context -d 'Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]' -r
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -s t -l timeout -d 'How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever [env: WASH_TIMEOUT] [default: 30s]' -r
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -l creds -d 'NATS credentials file [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -l ctl-jwt -d 'NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -l ctl-seed -d 'NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -l nkey -d 'NATS nkey seed, or a file with one [env: NATS_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -l user -d 'NATS user name [env: NATS_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -l password -d 'NATS password [env: NATS_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -l token -d 'NATS token [env: NATS_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -l tls-ca -d 'Certificate authority to trust, PEM [env: NATS_CA]' -r -F
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -l tls-cert -d 'Client certificate, PEM [env: NATS_CERT]' -r -F
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -l tls-key -d 'Key of the client certificate, PEM [env: NATS_KEY]' -r -F
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -l js-domain -d 'JetStream domain of the lattice\'s state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -l ctl-prefix -d 'First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]' -r
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -l timeout-ms -d 'Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -l no-wait -d 'Return when the request is accepted, before its effect is seen'
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -l tls-first -d 'Begin TLS before the server speaks [env: NATS_TLS_FIRST]'
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand scale; and __fish_seen_subcommand_from actor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand update; and not __fish_seen_subcommand_from actor provider" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand update; and not __fish_seen_subcommand_from actor provider" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand update; and not __fish_seen_subcommand_from actor provider" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand update; and not __fish_seen_subcommand_from actor provider" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand update; and not __fish_seen_subcommand_from actor provider" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand update; and not __fish_seen_subcommand_from actor provider" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand update; and not __fish_seen_subcommand_from actor provider" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand update; and not __fish_seen_subcommand_from actor provider" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand update; and not __fish_seen_subcommand_from actor provider" -f -a "actor" -d 'Replace a running actor by a newer revision'
complete -c wash -n "__fish_wash_using_subcommand update; and not __fish_seen_subcommand_from actor provider" -f -a "provider" -d 'Replace a running provider by another program of the same key'
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -l host -d 'Host to update it on, if it runs on several' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -s s -l server -d 'NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -s r -l ctl-host -d 'NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -s p -l ctl-port -d 'NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -s x -l lattice -d 'Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -l context -d 'Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -s t -l timeout -d 'How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever [env: WASH_TIMEOUT] [default: 30s]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -l creds -d 'NATS credentials file [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -l ctl-jwt -d 'NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -l ctl-seed -d 'NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -l nkey -d 'NATS nkey seed, or a file with one [env: NATS_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -l user -d 'NATS user name [env: NATS_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -l password -d 'NATS password [env: NATS_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -l token -d 'NATS token [env: NATS_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -l tls-ca -d 'Certificate authority to trust, PEM [env: NATS_CA]' -r -F
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -l tls-cert -d 'Client certificate, PEM [env: NATS_CERT]' -r -F
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -l tls-key -d 'Key of the client certificate, PEM [env: NATS_KEY]' -r -F
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -l js-domain -d 'JetStream domain of the lattice\'s state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -l ctl-prefix -d 'First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -l timeout-ms -d 'Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -l no-verify -d 'Send a module file without checking its signature and dates first'
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -l no-wait -d 'Return when the request is accepted, before its effect is seen'
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -l tls-first -d 'Begin TLS before the server speaks [env: NATS_TLS_FIRST]'
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from actor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -l host -d 'Host to replace it on, if it runs on several' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -s l -l link-name -d 'Link name under which it serves, if it runs under several' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -l config-json -d 'File with the configuration that the provider is given at its start; - is stdin' -r -F
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -s s -l server -d 'NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -s r -l ctl-host -d 'NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -s p -l ctl-port -d 'NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -s x -l lattice -d 'Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -l context -d 'Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -s t -l timeout -d 'How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever [env: WASH_TIMEOUT] [default: 30s]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -l creds -d 'NATS credentials file [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -l ctl-jwt -d 'NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -l ctl-seed -d 'NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -l nkey -d 'NATS nkey seed, or a file with one [env: NATS_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -l user -d 'NATS user name [env: NATS_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -l password -d 'NATS password [env: NATS_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -l token -d 'NATS token [env: NATS_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -l tls-ca -d 'Certificate authority to trust, PEM [env: NATS_CA]' -r -F
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -l tls-cert -d 'Client certificate, PEM [env: NATS_CERT]' -r -F
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -l tls-key -d 'Key of the client certificate, PEM [env: NATS_KEY]' -r -F
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -l js-domain -d 'JetStream domain of the lattice\'s state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -l ctl-prefix -d 'First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -l timeout-ms -d 'Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -l no-wait -d 'Return when the request is accepted, before its effect is seen'
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -l tls-first -d 'Begin TLS before the server speaks [env: NATS_TLS_FIRST]'
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand update; and __fish_seen_subcommand_from provider" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand link; and not __fish_seen_subcommand_from put del query" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand link; and not __fish_seen_subcommand_from put del query" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand link; and not __fish_seen_subcommand_from put del query" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand link; and not __fish_seen_subcommand_from put del query" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand link; and not __fish_seen_subcommand_from put del query" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand link; and not __fish_seen_subcommand_from put del query" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand link; and not __fish_seen_subcommand_from put del query" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand link; and not __fish_seen_subcommand_from put del query" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand link; and not __fish_seen_subcommand_from put del query" -f -a "put" -d 'Link an actor to a provider'
complete -c wash -n "__fish_wash_using_subcommand link; and not __fish_seen_subcommand_from put del query" -f -a "del" -d 'Remove a link'
complete -c wash -n "__fish_wash_using_subcommand link; and not __fish_seen_subcommand_from put del query" -f -a "query" -d 'List links'
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -s l -l link-name -d 'Link name, to tell links of one contract apart' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -s f -l values-file -d 'JSON or YAML file with settings, below those typed; - is stdin' -r -F
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -s s -l server -d 'NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -s r -l ctl-host -d 'NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -s p -l ctl-port -d 'NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -s x -l lattice -d 'Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -l context -d 'Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -s t -l timeout -d 'How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever [env: WASH_TIMEOUT] [default: 30s]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -l creds -d 'NATS credentials file [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -l ctl-jwt -d 'NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -l ctl-seed -d 'NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -l nkey -d 'NATS nkey seed, or a file with one [env: NATS_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -l user -d 'NATS user name [env: NATS_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -l password -d 'NATS password [env: NATS_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -l token -d 'NATS token [env: NATS_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -l tls-ca -d 'Certificate authority to trust, PEM [env: NATS_CA]' -r -F
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -l tls-cert -d 'Client certificate, PEM [env: NATS_CERT]' -r -F
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -l tls-key -d 'Key of the client certificate, PEM [env: NATS_KEY]' -r -F
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -l js-domain -d 'JetStream domain of the lattice\'s state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -l ctl-prefix -d 'First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -l timeout-ms -d 'Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -l no-wait -d 'Return when the request is accepted, before its effect is seen'
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -l tls-first -d 'Begin TLS before the server speaks [env: NATS_TLS_FIRST]'
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from put" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -s l -l link-name -d 'Link name' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -s s -l server -d 'NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -s r -l ctl-host -d 'NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -s p -l ctl-port -d 'NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -s x -l lattice -d 'Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -l context -d 'Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -s t -l timeout -d 'How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever [env: WASH_TIMEOUT] [default: 30s]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -l creds -d 'NATS credentials file [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -l ctl-jwt -d 'NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -l ctl-seed -d 'NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -l nkey -d 'NATS nkey seed, or a file with one [env: NATS_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -l user -d 'NATS user name [env: NATS_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -l password -d 'NATS password [env: NATS_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -l token -d 'NATS token [env: NATS_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -l tls-ca -d 'Certificate authority to trust, PEM [env: NATS_CA]' -r -F
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -l tls-cert -d 'Client certificate, PEM [env: NATS_CERT]' -r -F
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -l tls-key -d 'Key of the client certificate, PEM [env: NATS_KEY]' -r -F
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -l js-domain -d 'JetStream domain of the lattice\'s state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -l ctl-prefix -d 'First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -l timeout-ms -d 'Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -l no-wait -d 'Return when the request is accepted, before its effect is seen'
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -l tls-first -d 'Begin TLS before the server speaks [env: NATS_TLS_FIRST]'
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from del" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -s s -l server -d 'NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -s r -l ctl-host -d 'NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -s p -l ctl-port -d 'NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -s x -l lattice -d 'Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -l context -d 'Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -s t -l timeout -d 'How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever [env: WASH_TIMEOUT] [default: 30s]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -l creds -d 'NATS credentials file [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -l ctl-jwt -d 'NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -l ctl-seed -d 'NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -l nkey -d 'NATS nkey seed, or a file with one [env: NATS_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -l user -d 'NATS user name [env: NATS_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -l password -d 'NATS password [env: NATS_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -l token -d 'NATS token [env: NATS_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -l tls-ca -d 'Certificate authority to trust, PEM [env: NATS_CA]' -r -F
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -l tls-cert -d 'Client certificate, PEM [env: NATS_CERT]' -r -F
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -l tls-key -d 'Key of the client certificate, PEM [env: NATS_KEY]' -r -F
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -l js-domain -d 'JetStream domain of the lattice\'s state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -l ctl-prefix -d 'First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -l timeout-ms -d 'Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -l no-wait -d 'Return when the request is accepted, before its effect is seen'
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -l tls-first -d 'Begin TLS before the server speaks [env: NATS_TLS_FIRST]'
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand link; and __fish_seen_subcommand_from query" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand apply" -l host -d 'Host to start things on [default: any that fits]' -r
complete -c wash -n "__fish_wash_using_subcommand apply" -s s -l server -d 'NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]' -r
complete -c wash -n "__fish_wash_using_subcommand apply" -s r -l ctl-host -d 'NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand apply" -s p -l ctl-port -d 'NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand apply" -s x -l lattice -d 'Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]' -r
complete -c wash -n "__fish_wash_using_subcommand apply" -l context -d 'Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]' -r
complete -c wash -n "__fish_wash_using_subcommand apply" -s t -l timeout -d 'How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever [env: WASH_TIMEOUT] [default: 30s]' -r
complete -c wash -n "__fish_wash_using_subcommand apply" -l creds -d 'NATS credentials file [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand apply" -l ctl-jwt -d 'NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand apply" -l ctl-seed -d 'NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand apply" -l nkey -d 'NATS nkey seed, or a file with one [env: NATS_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand apply" -l user -d 'NATS user name [env: NATS_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand apply" -l password -d 'NATS password [env: NATS_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand apply" -l token -d 'NATS token [env: NATS_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand apply" -l tls-ca -d 'Certificate authority to trust, PEM [env: NATS_CA]' -r -F
complete -c wash -n "__fish_wash_using_subcommand apply" -l tls-cert -d 'Client certificate, PEM [env: NATS_CERT]' -r -F
complete -c wash -n "__fish_wash_using_subcommand apply" -l tls-key -d 'Key of the client certificate, PEM [env: NATS_KEY]' -r -F
complete -c wash -n "__fish_wash_using_subcommand apply" -l js-domain -d 'JetStream domain of the lattice\'s state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand apply" -l ctl-prefix -d 'First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]' -r
complete -c wash -n "__fish_wash_using_subcommand apply" -l timeout-ms -d 'Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand apply" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand apply" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand apply" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand apply" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand apply" -s e -l expand-env -d 'Replace ${NAME}, ${NAME:default} and ${NAME:-default} by environment variables'
complete -c wash -n "__fish_wash_using_subcommand apply" -l no-verify -d 'Send module files without checking their signatures and dates first'
complete -c wash -n "__fish_wash_using_subcommand apply" -l no-wait -d 'Return when the request is accepted, before its effect is seen'
complete -c wash -n "__fish_wash_using_subcommand apply" -l tls-first -d 'Begin TLS before the server speaks [env: NATS_TLS_FIRST]'
complete -c wash -n "__fish_wash_using_subcommand apply" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand apply" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand apply" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand apply" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand label" -l delete -d 'Label to remove; repeatable' -r
complete -c wash -n "__fish_wash_using_subcommand label" -l host -d 'The host, if it is not the first word' -r
complete -c wash -n "__fish_wash_using_subcommand label" -s s -l server -d 'NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]' -r
complete -c wash -n "__fish_wash_using_subcommand label" -s r -l ctl-host -d 'NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand label" -s p -l ctl-port -d 'NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand label" -s x -l lattice -d 'Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]' -r
complete -c wash -n "__fish_wash_using_subcommand label" -l context -d 'Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]' -r
complete -c wash -n "__fish_wash_using_subcommand label" -s t -l timeout -d 'How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever [env: WASH_TIMEOUT] [default: 30s]' -r
complete -c wash -n "__fish_wash_using_subcommand label" -l creds -d 'NATS credentials file [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand label" -l ctl-jwt -d 'NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand label" -l ctl-seed -d 'NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand label" -l nkey -d 'NATS nkey seed, or a file with one [env: NATS_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand label" -l user -d 'NATS user name [env: NATS_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand label" -l password -d 'NATS password [env: NATS_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand label" -l token -d 'NATS token [env: NATS_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand label" -l tls-ca -d 'Certificate authority to trust, PEM [env: NATS_CA]' -r -F
complete -c wash -n "__fish_wash_using_subcommand label" -l tls-cert -d 'Client certificate, PEM [env: NATS_CERT]' -r -F
complete -c wash -n "__fish_wash_using_subcommand label" -l tls-key -d 'Key of the client certificate, PEM [env: NATS_KEY]' -r -F
complete -c wash -n "__fish_wash_using_subcommand label" -l js-domain -d 'JetStream domain of the lattice\'s state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand label" -l ctl-prefix -d 'First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]' -r
complete -c wash -n "__fish_wash_using_subcommand label" -l timeout-ms -d 'Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand label" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand label" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand label" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand label" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand label" -l no-wait -d 'Return when the request is accepted, before its effect is seen'
complete -c wash -n "__fish_wash_using_subcommand label" -l tls-first -d 'Begin TLS before the server speaks [env: NATS_TLS_FIRST]'
complete -c wash -n "__fish_wash_using_subcommand label" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand label" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand label" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand label" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand call" -s d -l data -d 'File with the payload in JSON; - is stdin' -r -F
complete -c wash -n "__fish_wash_using_subcommand call" -l save -d 'Write the raw answer to a file instead' -r -F
complete -c wash -n "__fish_wash_using_subcommand call" -l bin -d 'How bytes in the answer are shown: b array of numbers, s text, 2 both, base64 [default: s in text, b in documents]' -r -f -a "b\t'Arrays of numbers'
s\t'Text; what is not UTF-8 is replaced'
2\t'Both: {"str": …, "bin": […]}'
base64\t'{"$bin": base64}, which can be sent again'"
complete -c wash -n "__fish_wash_using_subcommand call" -s c -l cluster-seed -d 'Seed that signs the call, or a file with it [env: WASMCLOUD_CLUSTER_SEED] [default: that of `wash up`]' -r
complete -c wash -n "__fish_wash_using_subcommand call" -s s -l server -d 'NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]' -r
complete -c wash -n "__fish_wash_using_subcommand call" -s r -l ctl-host -d 'NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand call" -s p -l ctl-port -d 'NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand call" -s x -l lattice -d 'Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]' -r
complete -c wash -n "__fish_wash_using_subcommand call" -l context -d 'Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]' -r
complete -c wash -n "__fish_wash_using_subcommand call" -s t -l timeout -d 'How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever [env: WASH_TIMEOUT] [default: 30s]' -r
complete -c wash -n "__fish_wash_using_subcommand call" -l creds -d 'NATS credentials file [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand call" -l ctl-jwt -d 'NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand call" -l ctl-seed -d 'NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand call" -l nkey -d 'NATS nkey seed, or a file with one [env: NATS_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand call" -l user -d 'NATS user name [env: NATS_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand call" -l password -d 'NATS password [env: NATS_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand call" -l token -d 'NATS token [env: NATS_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand call" -l tls-ca -d 'Certificate authority to trust, PEM [env: NATS_CA]' -r -F
complete -c wash -n "__fish_wash_using_subcommand call" -l tls-cert -d 'Client certificate, PEM [env: NATS_CERT]' -r -F
complete -c wash -n "__fish_wash_using_subcommand call" -l tls-key -d 'Key of the client certificate, PEM [env: NATS_KEY]' -r -F
complete -c wash -n "__fish_wash_using_subcommand call" -l js-domain -d 'JetStream domain of the lattice\'s state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand call" -l ctl-prefix -d 'First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]' -r
complete -c wash -n "__fish_wash_using_subcommand call" -l timeout-ms -d 'Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand call" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand call" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand call" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand call" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand call" -l test -d 'Read the answer as test results, and fail if a test failed'
complete -c wash -n "__fish_wash_using_subcommand call" -l no-wait -d 'Return when the request is accepted, before its effect is seen'
complete -c wash -n "__fish_wash_using_subcommand call" -l tls-first -d 'Begin TLS before the server speaks [env: NATS_TLS_FIRST]'
complete -c wash -n "__fish_wash_using_subcommand call" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand call" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand call" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand call" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand ctx; and not __fish_seen_subcommand_from list ls new show use edit del import" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand ctx; and not __fish_seen_subcommand_from list ls new show use edit del import" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand ctx; and not __fish_seen_subcommand_from list ls new show use edit del import" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and not __fish_seen_subcommand_from list ls new show use edit del import" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand ctx; and not __fish_seen_subcommand_from list ls new show use edit del import" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand ctx; and not __fish_seen_subcommand_from list ls new show use edit del import" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand ctx; and not __fish_seen_subcommand_from list ls new show use edit del import" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand ctx; and not __fish_seen_subcommand_from list ls new show use edit del import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand ctx; and not __fish_seen_subcommand_from list ls new show use edit del import" -f -a "list" -d 'List contexts'
complete -c wash -n "__fish_wash_using_subcommand ctx; and not __fish_seen_subcommand_from list ls new show use edit del import" -f -a "ls" -d 'List contexts'
complete -c wash -n "__fish_wash_using_subcommand ctx; and not __fish_seen_subcommand_from list ls new show use edit del import" -f -a "new" -d 'Make a context of the connection options given'
complete -c wash -n "__fish_wash_using_subcommand ctx; and not __fish_seen_subcommand_from list ls new show use edit del import" -f -a "show" -d 'Show a context, or with --resolved what a command would use'
complete -c wash -n "__fish_wash_using_subcommand ctx; and not __fish_seen_subcommand_from list ls new show use edit del import" -f -a "use" -d 'Make a context the default'
complete -c wash -n "__fish_wash_using_subcommand ctx; and not __fish_seen_subcommand_from list ls new show use edit del import" -f -a "edit" -d 'Edit a context'
complete -c wash -n "__fish_wash_using_subcommand ctx; and not __fish_seen_subcommand_from list ls new show use edit del import" -f -a "del" -d 'Delete contexts'
complete -c wash -n "__fish_wash_using_subcommand ctx; and not __fish_seen_subcommand_from list ls new show use edit del import" -f -a "import" -d 'Copy contexts of the nats command line and of wash 0.11'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from list" -l directory -d 'Directory of contexts [env: WASH_CONTEXTS, WASH_CONTEXT_DIR]' -r -F
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from list" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from list" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from list" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from list" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from ls" -l directory -d 'Directory of contexts [env: WASH_CONTEXTS, WASH_CONTEXT_DIR]' -r -F
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from ls" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from ls" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from ls" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from ls" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from ls" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -l description -d 'What it is for' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -l cluster-seed -d 'Seed that signs calls, or a file with one' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -l directory -d 'Directory of contexts [env: WASH_CONTEXTS, WASH_CONTEXT_DIR]' -r -F
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -s s -l server -d 'NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -s r -l ctl-host -d 'NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -s p -l ctl-port -d 'NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -s x -l lattice -d 'Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -l context -d 'Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -s t -l timeout -d 'How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever [env: WASH_TIMEOUT] [default: 30s]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -l creds -d 'NATS credentials file [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -l ctl-jwt -d 'NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -l ctl-seed -d 'NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -l nkey -d 'NATS nkey seed, or a file with one [env: NATS_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -l user -d 'NATS user name [env: NATS_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -l password -d 'NATS password [env: NATS_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -l token -d 'NATS token [env: NATS_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -l tls-ca -d 'Certificate authority to trust, PEM [env: NATS_CA]' -r -F
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -l tls-cert -d 'Client certificate, PEM [env: NATS_CERT]' -r -F
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -l tls-key -d 'Key of the client certificate, PEM [env: NATS_KEY]' -r -F
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -l js-domain -d 'JetStream domain of the lattice\'s state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -l ctl-prefix -d 'First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -l timeout-ms -d 'Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -s i -l interactive -d 'Ask for what is not given'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -s f -l force -d 'Replace a context of this name'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -l use -d 'Make it the default at once'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -l from-flags -d 'As older versions name it; flags count in any case'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -l no-wait -d 'Return when the request is accepted, before its effect is seen'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -l tls-first -d 'Begin TLS before the server speaks [env: NATS_TLS_FIRST]'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from new" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -l directory -d 'Directory of contexts [env: WASH_CONTEXTS, WASH_CONTEXT_DIR]' -r -F
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -s s -l server -d 'NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -s r -l ctl-host -d 'NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -s p -l ctl-port -d 'NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -s x -l lattice -d 'Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -l context -d 'Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -s t -l timeout -d 'How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever [env: WASH_TIMEOUT] [default: 30s]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -l creds -d 'NATS credentials file [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -l ctl-jwt -d 'NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -l ctl-seed -d 'NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -l nkey -d 'NATS nkey seed, or a file with one [env: NATS_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -l user -d 'NATS user name [env: NATS_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -l password -d 'NATS password [env: NATS_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -l token -d 'NATS token [env: NATS_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -l tls-ca -d 'Certificate authority to trust, PEM [env: NATS_CA]' -r -F
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -l tls-cert -d 'Client certificate, PEM [env: NATS_CERT]' -r -F
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -l tls-key -d 'Key of the client certificate, PEM [env: NATS_KEY]' -r -F
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -l js-domain -d 'JetStream domain of the lattice\'s state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -l ctl-prefix -d 'First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -l timeout-ms -d 'Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -l resolved -d 'Show every setting as a command would use it: flags, variables, the context and defaults together'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -l no-wait -d 'Return when the request is accepted, before its effect is seen'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -l tls-first -d 'Begin TLS before the server speaks [env: NATS_TLS_FIRST]'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from use" -l directory -d 'Directory of contexts [env: WASH_CONTEXTS, WASH_CONTEXT_DIR]' -r -F
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from use" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from use" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from use" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from use" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from use" -l none -d 'No default: the host that `wash up` runs on this machine, else 127.0.0.1:4222'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from use" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from use" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from use" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from use" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from edit" -s e -l editor -d 'The editor, with its arguments if need be [env: VISUAL, EDITOR]' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from edit" -l directory -d 'Directory of contexts [env: WASH_CONTEXTS, WASH_CONTEXT_DIR]' -r -F
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from edit" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from edit" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from edit" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from edit" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from edit" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from edit" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from edit" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from edit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from del" -l directory -d 'Directory of contexts [env: WASH_CONTEXTS, WASH_CONTEXT_DIR]' -r -F
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from del" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from del" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from del" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from del" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from del" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from del" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from del" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from del" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from import" -l as -d 'What a single one is called here' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from import" -l directory -d 'Directory of contexts [env: WASH_CONTEXTS, WASH_CONTEXT_DIR]' -r -F
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from import" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from import" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from import" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from import" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from import" -s f -l force -d 'Replace contexts of the same name'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from import" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from import" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from import" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand ctx; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand doctor" -l monitor -d 'Monitoring address of the NATS server, for its leaf links [default: port 8222 of a server on this machine]' -r
complete -c wash -n "__fish_wash_using_subcommand doctor" -l config -d 'Configuration of that server, for its hubs [default: that of the server which `wash up` started here]' -r -F
complete -c wash -n "__fish_wash_using_subcommand doctor" -s s -l server -d 'NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]' -r
complete -c wash -n "__fish_wash_using_subcommand doctor" -s r -l ctl-host -d 'NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand doctor" -s p -l ctl-port -d 'NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand doctor" -s x -l lattice -d 'Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]' -r
complete -c wash -n "__fish_wash_using_subcommand doctor" -l context -d 'Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]' -r
complete -c wash -n "__fish_wash_using_subcommand doctor" -s t -l timeout -d 'How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever [env: WASH_TIMEOUT] [default: 30s]' -r
complete -c wash -n "__fish_wash_using_subcommand doctor" -l creds -d 'NATS credentials file [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand doctor" -l ctl-jwt -d 'NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand doctor" -l ctl-seed -d 'NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand doctor" -l nkey -d 'NATS nkey seed, or a file with one [env: NATS_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand doctor" -l user -d 'NATS user name [env: NATS_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand doctor" -l password -d 'NATS password [env: NATS_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand doctor" -l token -d 'NATS token [env: NATS_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand doctor" -l tls-ca -d 'Certificate authority to trust, PEM [env: NATS_CA]' -r -F
complete -c wash -n "__fish_wash_using_subcommand doctor" -l tls-cert -d 'Client certificate, PEM [env: NATS_CERT]' -r -F
complete -c wash -n "__fish_wash_using_subcommand doctor" -l tls-key -d 'Key of the client certificate, PEM [env: NATS_KEY]' -r -F
complete -c wash -n "__fish_wash_using_subcommand doctor" -l js-domain -d 'JetStream domain of the lattice\'s state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand doctor" -l ctl-prefix -d 'First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]' -r
complete -c wash -n "__fish_wash_using_subcommand doctor" -l timeout-ms -d 'Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand doctor" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand doctor" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand doctor" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand doctor" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand doctor" -l no-wait -d 'Return when the request is accepted, before its effect is seen'
complete -c wash -n "__fish_wash_using_subcommand doctor" -l tls-first -d 'Begin TLS before the server speaks [env: NATS_TLS_FIRST]'
complete -c wash -n "__fish_wash_using_subcommand doctor" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand doctor" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand doctor" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand leaf; and not __fish_seen_subcommand_from config check bundle" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand leaf; and not __fish_seen_subcommand_from config check bundle" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand leaf; and not __fish_seen_subcommand_from config check bundle" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and not __fish_seen_subcommand_from config check bundle" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand leaf; and not __fish_seen_subcommand_from config check bundle" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand leaf; and not __fish_seen_subcommand_from config check bundle" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand leaf; and not __fish_seen_subcommand_from config check bundle" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand leaf; and not __fish_seen_subcommand_from config check bundle" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand leaf; and not __fish_seen_subcommand_from config check bundle" -f -a "config" -d 'Write the configuration of a NATS server that is a leaf of a hub'
complete -c wash -n "__fish_wash_using_subcommand leaf; and not __fish_seen_subcommand_from config check bundle" -f -a "check" -d 'Prove that this machine\'s NATS server is joined to its hub'
complete -c wash -n "__fish_wash_using_subcommand leaf; and not __fish_seen_subcommand_from config check bundle" -f -a "bundle" -d 'Write one file with everything that another machine needs to join this lattice'
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -l domain -d 'JetStream domain of this server; each server of a lattice needs one of its own' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -l server-name -d 'Name of this server [default: leaf-DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -l host -d 'Address to listen on for clients' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -l port -d 'Port for clients; 0 is any free one, here and below' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -l http-port -d 'Port of the server\'s monitoring on this machine, which `wash leaf check` asks' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -l websocket-port -d 'Port for websockets on this machine' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -l store -d 'Directory of the JetStream store [default: below the state of wash]' -r -F
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -l out -d 'Write it here, rather than to stdout; `-o FILE` does the same' -r -F
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -l remote -d 'Hub to be a leaf of, as nats-leaf://HOST:PORT or tls://HOST:PORT; repeat it for several hubs, and separate the addresses of one hub by commas [env: WASH_LEAF_REMOTES, NATS_REMOTE_URL]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -l creds -d 'Credentials file for the hub [env: WASH_LEAF_CREDS, NATS_CREDSFILE]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -l nkey -d 'nkey seed for the hub, or a file with it [env: WASH_LEAF_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -l user -d 'User at the hub [env: WASH_LEAF_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -l password -d 'Password at the hub [env: WASH_LEAF_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -l token -d 'Token for the hub [env: WASH_LEAF_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -l tls-ca -d 'Certificate authority of the hub, PEM [default: those of the system] [env: WASH_LEAF_CA]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -l tls-cert -d 'Client certificate for the hub, PEM [env: WASH_LEAF_CERT]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -l tls-key -d 'Key of the client certificate, PEM [env: WASH_LEAF_KEY]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -l tls-first -d 'Begin TLS before the hub speaks [env: WASH_LEAF_TLS_FIRST]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -l account -d 'Local account that is joined to the hub [default: the one that all are in] [env: WASH_LEAF_ACCOUNT]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -l no-http -d 'No monitoring'
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -l force -d 'Replace a file that is there'
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from config" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -l config -d 'Configuration of the NATS server' -r -F
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -l monitor -d 'Where the server\'s monitoring is [default: what the configuration says, else port 8222]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -s s -l server -d 'NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -s r -l ctl-host -d 'NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -s p -l ctl-port -d 'NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -s x -l lattice -d 'Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -l context -d 'Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -s t -l timeout -d 'How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever [env: WASH_TIMEOUT] [default: 30s]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -l creds -d 'NATS credentials file [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -l ctl-jwt -d 'NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -l ctl-seed -d 'NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -l nkey -d 'NATS nkey seed, or a file with one [env: NATS_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -l user -d 'NATS user name [env: NATS_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -l password -d 'NATS password [env: NATS_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -l token -d 'NATS token [env: NATS_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -l tls-ca -d 'Certificate authority to trust, PEM [env: NATS_CA]' -r -F
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -l tls-cert -d 'Client certificate, PEM [env: NATS_CERT]' -r -F
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -l tls-key -d 'Key of the client certificate, PEM [env: NATS_KEY]' -r -F
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -l js-domain -d 'JetStream domain of the lattice\'s state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -l ctl-prefix -d 'First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -l timeout-ms -d 'Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -l no-wait -d 'Return when the request is accepted, before its effect is seen'
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -l tls-first -d 'Begin TLS before the server speaks [env: NATS_TLS_FIRST]'
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -l domain -d 'JetStream domain of the other machine\'s server; each server of a lattice needs one of its own' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -s l -l label -d 'Label of the other host; may be repeated' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -l config -d 'Take the hubs from this configuration of a NATS server' -r -F
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -s x -l lattice -d 'Name of the lattice [default: that of this machine]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -l js-domain -d 'JetStream domain of the lattice\'s state [default: that of this machine]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -l host-config -d 'Host configuration to take the cluster from [env: WASH_HOST_CONFIG, HOST_CONFIG]' -r -F
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -l passphrase-file -d 'File with the bundle\'s passphrase' -r -F
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -l passphrase-env -d 'Environment variable with the bundle\'s passphrase' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -l out -d 'Where to write the bundle; `-o FILE` does the same' -r -F
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -l remote -d 'Hub to be a leaf of, as nats-leaf://HOST:PORT or tls://HOST:PORT; repeat it for several hubs, and separate the addresses of one hub by commas [env: WASH_LEAF_REMOTES, NATS_REMOTE_URL]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -l creds -d 'Credentials file for the hub [env: WASH_LEAF_CREDS, NATS_CREDSFILE]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -l nkey -d 'nkey seed for the hub, or a file with it [env: WASH_LEAF_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -l user -d 'User at the hub [env: WASH_LEAF_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -l password -d 'Password at the hub [env: WASH_LEAF_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -l token -d 'Token for the hub [env: WASH_LEAF_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -l tls-ca -d 'Certificate authority of the hub, PEM [default: those of the system] [env: WASH_LEAF_CA]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -l tls-cert -d 'Client certificate for the hub, PEM [env: WASH_LEAF_CERT]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -l tls-key -d 'Key of the client certificate, PEM [env: WASH_LEAF_KEY]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -l tls-first -d 'Begin TLS before the hub speaks [env: WASH_LEAF_TLS_FIRST]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -l account -d 'Local account that is joined to the hub [default: the one that all are in] [env: WASH_LEAF_ACCOUNT]' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -l encrypt -d 'Encrypt the bundle with a passphrase that is asked for'
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -l force -d 'Replace a file that is there'
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand leaf; and __fish_seen_subcommand_from bundle" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand keys; and not __fish_seen_subcommand_from gen get list ls" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand keys; and not __fish_seen_subcommand_from gen get list ls" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand keys; and not __fish_seen_subcommand_from gen get list ls" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand keys; and not __fish_seen_subcommand_from gen get list ls" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand keys; and not __fish_seen_subcommand_from gen get list ls" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand keys; and not __fish_seen_subcommand_from gen get list ls" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand keys; and not __fish_seen_subcommand_from gen get list ls" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand keys; and not __fish_seen_subcommand_from gen get list ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand keys; and not __fish_seen_subcommand_from gen get list ls" -f -a "gen" -d 'Generate a key'
complete -c wash -n "__fish_wash_using_subcommand keys; and not __fish_seen_subcommand_from gen get list ls" -f -a "get" -d 'Show the seed of a stored key'
complete -c wash -n "__fish_wash_using_subcommand keys; and not __fish_seen_subcommand_from gen get list ls" -f -a "list" -d 'List stored keys'
complete -c wash -n "__fish_wash_using_subcommand keys; and not __fish_seen_subcommand_from gen get list ls" -f -a "ls" -d 'List stored keys'
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from gen" -l out -d 'Write the seed to this new file, readable by its owner only' -r -F
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from gen" -l store -d 'Write the seed to NAME_KIND.nk in the directory of keys' -r
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from gen" -s d -l directory -d 'Directory of keys for --store [env: WASH_KEYS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from gen" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from gen" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from gen" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from gen" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from gen" -l env -d 'Print shell commands that set it in the environment (cluster and server keys)'
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from gen" -l seed-only -d 'Print the seed alone'
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from gen" -l public-only -d 'Print the public key alone'
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from gen" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from gen" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from gen" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from gen" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from get" -s d -l directory -d 'Directory of keys [env: WASH_KEYS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from get" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from get" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from get" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from get" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from get" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from get" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from get" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from list" -s d -l directory -d 'Directory of keys [env: WASH_KEYS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from list" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from list" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from list" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from list" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from ls" -s d -l directory -d 'Directory of keys [env: WASH_KEYS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from ls" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from ls" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from ls" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from ls" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from ls" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand keys; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand claims; and not __fish_seen_subcommand_from inspect sign token" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand claims; and not __fish_seen_subcommand_from inspect sign token" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand claims; and not __fish_seen_subcommand_from inspect sign token" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand claims; and not __fish_seen_subcommand_from inspect sign token" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand claims; and not __fish_seen_subcommand_from inspect sign token" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand claims; and not __fish_seen_subcommand_from inspect sign token" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand claims; and not __fish_seen_subcommand_from inspect sign token" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand claims; and not __fish_seen_subcommand_from inspect sign token" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand claims; and not __fish_seen_subcommand_from inspect sign token" -f -a "inspect" -d 'Show what a module or provider archive states about itself'
complete -c wash -n "__fish_wash_using_subcommand claims; and not __fish_seen_subcommand_from inspect sign token" -f -a "sign" -d 'Sign a module'
complete -c wash -n "__fish_wash_using_subcommand claims; and not __fish_seen_subcommand_from inspect sign token" -f -a "token" -d 'Make a token without a module'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from inspect" -s d -l digest -d 'Digest that an artifact of a registry must have' -r
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from inspect" -s r -l registry -d 'Registry of references that name none [env: WASH_REG_URL]' -r
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from inspect" -s u -l user -d 'User at the registry [env: WASH_REG_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from inspect" -s p -l password -d 'Password at the registry; others see it in the list of processes [env: WASH_REG_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from inspect" -l ca-file -d 'Certificate authority to trust besides the platform\'s, PEM [env: WASH_OCI_CA_FILE]' -r -F
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from inspect" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from inspect" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from inspect" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from inspect" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from inspect" -l jwt-only -d 'Show the token alone'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from inspect" -l allow-latest -d 'Allow the tag latest, or none'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from inspect" -l no-cache -d 'Do not keep what is fetched'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from inspect" -l password-stdin -d 'Read the password from stdin'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from inspect" -l insecure -d 'Reach the registry over plain HTTP'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from inspect" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from inspect" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from inspect" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -s d -l destination -d 'Where the signed module goes [default: {stem}_s.wasm beside the source]' -r -F
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -s c -l cap -d 'May use this contract; can be repeated' -r
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -s n -l name -d 'Name for people [default for a module: its file\'s stem]' -r
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -s t -l tag -d 'Tag; can be repeated' -r
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -s r -l rev -d 'Revision, a number that grows; hosts update only to greater ones [default: the time of signing]' -r
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -l ver -d 'Version for people; -v means this here, not --verbose' -r
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -s a -l call-alias -d 'Alias by which others may call it: a-z, 0-9, _ and /' -r
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -s i -l issuer -d 'Account that signs: a key file, a seed, @FILE or - [env: WASH_ISSUER_KEY] [default: the user\'s account key]' -r
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -s s -l subject -d 'Key of the module itself, in the same forms [env: WASH_SUBJECT_KEY] [default: the key kept for the module\'s name]' -r
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -l directory -d 'Directory of keys [env: WASH_KEYS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -s x -l expires -d 'The token expires this many days from now [default: never]' -r
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -s b -l nbf -d 'The token cannot be used before this many days from now [default: at once]' -r
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -s k -l keyvalue -d 'May use wasmcloud:keyvalue'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -s g -l msg -d 'May use wasmcloud:messaging'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -l http-server -d 'May use wasmcloud:httpserver; -q means this here, not --quiet'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -l http-client -d 'May use wasmcloud:httpclient'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -s f -l blob-store -d 'May use wasmcloud:blobstore'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -s z -l extras -d 'May use wasmcloud:builtin:numbergen'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -s l -l logging -d 'May use wasmcloud:builtin:logging'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -s e -l events -d 'May use wasmcloud:eventstreams'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -s p -l prov -d 'Mark the module as a provider'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -l disable-keygen -d 'Fail rather than generate a key that is missing'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -l keygen -d 'Generate keys that are missing without a terminal, too'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from sign" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from token" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from token" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from token" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from token" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from token" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from token" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from token" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from token" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from token" -f -a "actor" -d 'Make a token for an actor'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from token" -f -a "operator" -d 'Make a token for an operator, who signs accounts'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from token" -f -a "account" -d 'Make a token for an account, which signs actors and providers'
complete -c wash -n "__fish_wash_using_subcommand claims; and __fish_seen_subcommand_from token" -f -a "provider" -d 'Make a token for a capability provider'
complete -c wash -n "__fish_wash_using_subcommand par; and not __fish_seen_subcommand_from create inspect insert extract" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand par; and not __fish_seen_subcommand_from create inspect insert extract" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand par; and not __fish_seen_subcommand_from create inspect insert extract" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand par; and not __fish_seen_subcommand_from create inspect insert extract" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand par; and not __fish_seen_subcommand_from create inspect insert extract" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand par; and not __fish_seen_subcommand_from create inspect insert extract" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand par; and not __fish_seen_subcommand_from create inspect insert extract" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand par; and not __fish_seen_subcommand_from create inspect insert extract" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand par; and not __fish_seen_subcommand_from create inspect insert extract" -f -a "create" -d 'Make a provider archive'
complete -c wash -n "__fish_wash_using_subcommand par; and not __fish_seen_subcommand_from create inspect insert extract" -f -a "inspect" -d 'Show what a provider archive states and holds'
complete -c wash -n "__fish_wash_using_subcommand par; and not __fish_seen_subcommand_from create inspect insert extract" -f -a "insert" -d 'Add a program for another target to an archive, in place'
complete -c wash -n "__fish_wash_using_subcommand par; and not __fish_seen_subcommand_from create inspect insert extract" -f -a "extract" -d 'Take the program for one target out of an archive'
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from create" -s a -l arch -d 'Target of the program, as x86_64-linux or aarch64-macos [default: what the program says of itself, else x86_64-linux]' -r
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from create" -s b -l binary -d 'The program' -r -F
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from create" -s c -l capid -d 'Contract that the provider serves, as wasmcloud:keyvalue' -r
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from create" -l vendor -d 'Who makes it; -v means this here, not --verbose' -r
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from create" -s n -l name -d 'Name for people [default: the binary\'s name]' -r
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from create" -s r -l revision -d 'Revision, a number that grows' -r
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from create" -l version -d 'Version for people' -r
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from create" -s j -l schema -d 'File with a JSON schema of the values that links to the provider have' -r -F
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from create" -l destination -d 'Where the archive goes [default: {binary}.par or {binary}.par.gz in the current directory]' -r -F
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from create" -s i -l issuer -d 'Account that signs: a key file, a seed, @FILE or - [env: WASH_ISSUER_KEY] [default: the user\'s account key]' -r
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from create" -s s -l subject -d 'Key of the provider, in the same forms [env: WASH_SUBJECT_KEY] [default: the service key kept for the binary\'s name; when inserting, the archive\'s own]' -r
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from create" -s d -l directory -d 'Directory of keys [env: WASH_KEYS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from create" -s x -l expires -d 'The claims expire this many days from now [default: never]' -r
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from create" -l nbf -d 'The claims cannot be used before this many days from now [default: at once]' -r
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from create" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from create" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from create" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from create" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from create" -l compress -d 'Compress it; adds .gz to the destination, where it may also be asked for'
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from create" -l disable-keygen -d 'Fail rather than generate a key that is missing'
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from create" -l keygen -d 'Generate keys that are missing without a terminal, too'
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from create" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from create" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from inspect" -s d -l digest -d 'Digest that an artifact of a registry must have' -r
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from inspect" -s r -l registry -d 'Registry of references that name none [env: WASH_REG_URL]' -r
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from inspect" -s u -l user -d 'User at the registry [env: WASH_REG_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from inspect" -s p -l password -d 'Password at the registry; others see it in the list of processes [env: WASH_REG_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from inspect" -l ca-file -d 'Certificate authority to trust besides the platform\'s, PEM [env: WASH_OCI_CA_FILE]' -r -F
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from inspect" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from inspect" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from inspect" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from inspect" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from inspect" -l strict -d 'Fail if a host would refuse it'
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from inspect" -l allow-latest -d 'Allow the tag latest, or none'
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from inspect" -l no-cache -d 'Do not keep what is fetched'
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from inspect" -l password-stdin -d 'Read the password from stdin'
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from inspect" -l insecure -d 'Reach the registry over plain HTTP'
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from inspect" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from inspect" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from inspect" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from insert" -s a -l arch -d 'Target of the program, as x86_64-linux or aarch64-macos [default: what the program says of itself, else x86_64-linux]' -r
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from insert" -s b -l binary -d 'The program' -r -F
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from insert" -s i -l issuer -d 'Account that signs: a key file, a seed, @FILE or - [env: WASH_ISSUER_KEY] [default: the user\'s account key]' -r
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from insert" -s s -l subject -d 'Key of the provider, in the same forms [env: WASH_SUBJECT_KEY] [default: the service key kept for the binary\'s name; when inserting, the archive\'s own]' -r
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from insert" -s d -l directory -d 'Directory of keys [env: WASH_KEYS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from insert" -s x -l expires -d 'The claims expire this many days from now [default: never]' -r
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from insert" -l nbf -d 'The claims cannot be used before this many days from now [default: at once]' -r
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from insert" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from insert" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from insert" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from insert" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from insert" -l disable-keygen -d 'Fail rather than generate a key that is missing'
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from insert" -l keygen -d 'Generate keys that are missing without a terminal, too'
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from insert" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from insert" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from insert" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from insert" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from extract" -s a -l target -l arch -d 'Target, as x86_64-linux [default: that of this machine]' -r
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from extract" -s d -l destination -d 'Where the program goes [default: the archive\'s name, in the current directory]' -r -F
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from extract" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from extract" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from extract" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from extract" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from extract" -l lenient -d 'Forgive what older tools wrote wrongly'
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from extract" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from extract" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from extract" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand par; and __fish_seen_subcommand_from extract" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand reg; and not __fish_seen_subcommand_from push pull ping login logout" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand reg; and not __fish_seen_subcommand_from push pull ping login logout" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand reg; and not __fish_seen_subcommand_from push pull ping login logout" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand reg; and not __fish_seen_subcommand_from push pull ping login logout" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand reg; and not __fish_seen_subcommand_from push pull ping login logout" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand reg; and not __fish_seen_subcommand_from push pull ping login logout" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand reg; and not __fish_seen_subcommand_from push pull ping login logout" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand reg; and not __fish_seen_subcommand_from push pull ping login logout" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand reg; and not __fish_seen_subcommand_from push pull ping login logout" -f -a "push" -d 'Push an actor, component or provider archive to a registry'
complete -c wash -n "__fish_wash_using_subcommand reg; and not __fish_seen_subcommand_from push pull ping login logout" -f -a "pull" -d 'Pull an artifact from a registry'
complete -c wash -n "__fish_wash_using_subcommand reg; and not __fish_seen_subcommand_from push pull ping login logout" -f -a "ping" -d 'Ask whether a registry has an artifact, or answers at all'
complete -c wash -n "__fish_wash_using_subcommand reg; and not __fish_seen_subcommand_from push pull ping login logout" -f -a "login" -d 'Log in to a registry, for later commands and hosts'
complete -c wash -n "__fish_wash_using_subcommand reg; and not __fish_seen_subcommand_from push pull ping login logout" -f -a "logout" -d 'Forget a registry\'s login'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from push" -s c -l config -d 'File to store as the artifact\'s configuration [default: what its kind has]' -r -F
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from push" -s a -l annotation -d 'Annotation of the artifact\'s manifest; repeat for more' -r
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from push" -s r -l registry -d 'Registry of references that name none [env: WASH_REG_URL]' -r
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from push" -s u -l user -d 'User at the registry [env: WASH_REG_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from push" -s p -l password -d 'Password at the registry; others see it in the list of processes [env: WASH_REG_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from push" -l ca-file -d 'Certificate authority to trust besides the platform\'s, PEM [env: WASH_OCI_CA_FILE]' -r -F
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from push" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from push" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from push" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from push" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from push" -l allow-latest -d 'Allow the tag latest, or none'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from push" -l password-stdin -d 'Read the password from stdin'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from push" -l insecure -d 'Reach the registry over plain HTTP'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from push" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from push" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from push" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from push" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from pull" -l destination -d 'File or directory to write to [default: the artifact\'s name, in this directory]' -r -F
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from pull" -s d -l digest -d 'Digest that the artifact must have' -r
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from pull" -s r -l registry -d 'Registry of references that name none [env: WASH_REG_URL]' -r
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from pull" -s u -l user -d 'User at the registry [env: WASH_REG_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from pull" -s p -l password -d 'Password at the registry; others see it in the list of processes [env: WASH_REG_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from pull" -l ca-file -d 'Certificate authority to trust besides the platform\'s, PEM [env: WASH_OCI_CA_FILE]' -r -F
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from pull" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from pull" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from pull" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from pull" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from pull" -l allow-latest -d 'Allow the tag latest, or none'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from pull" -l password-stdin -d 'Read the password from stdin'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from pull" -l insecure -d 'Reach the registry over plain HTTP'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from pull" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from pull" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from pull" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from pull" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from ping" -s r -l registry -d 'Registry of references that name none [env: WASH_REG_URL]' -r
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from ping" -s u -l user -d 'User at the registry [env: WASH_REG_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from ping" -s p -l password -d 'Password at the registry; others see it in the list of processes [env: WASH_REG_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from ping" -l ca-file -d 'Certificate authority to trust besides the platform\'s, PEM [env: WASH_OCI_CA_FILE]' -r -F
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from ping" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from ping" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from ping" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from ping" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from ping" -l password-stdin -d 'Read the password from stdin'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from ping" -l insecure -d 'Reach the registry over plain HTTP'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from ping" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from ping" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from ping" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from ping" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from login" -s r -l registry -d 'Registry of references that name none [env: WASH_REG_URL]' -r
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from login" -s u -l user -d 'User at the registry [env: WASH_REG_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from login" -s p -l password -d 'Password at the registry; others see it in the list of processes [env: WASH_REG_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from login" -l ca-file -d 'Certificate authority to trust besides the platform\'s, PEM [env: WASH_OCI_CA_FILE]' -r -F
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from login" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from login" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from login" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from login" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from login" -l password-stdin -d 'Read the password from stdin'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from login" -l insecure -d 'Reach the registry over plain HTTP'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from login" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from login" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from login" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from login" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from logout" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from logout" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from logout" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from logout" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from logout" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from logout" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from logout" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand reg; and __fish_seen_subcommand_from logout" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand push" -s c -l config -d 'File to store as the artifact\'s configuration [default: what its kind has]' -r -F
complete -c wash -n "__fish_wash_using_subcommand push" -s a -l annotation -d 'Annotation of the artifact\'s manifest; repeat for more' -r
complete -c wash -n "__fish_wash_using_subcommand push" -s r -l registry -d 'Registry of references that name none [env: WASH_REG_URL]' -r
complete -c wash -n "__fish_wash_using_subcommand push" -s u -l user -d 'User at the registry [env: WASH_REG_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand push" -s p -l password -d 'Password at the registry; others see it in the list of processes [env: WASH_REG_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand push" -l ca-file -d 'Certificate authority to trust besides the platform\'s, PEM [env: WASH_OCI_CA_FILE]' -r -F
complete -c wash -n "__fish_wash_using_subcommand push" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand push" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand push" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand push" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand push" -l allow-latest -d 'Allow the tag latest, or none'
complete -c wash -n "__fish_wash_using_subcommand push" -l password-stdin -d 'Read the password from stdin'
complete -c wash -n "__fish_wash_using_subcommand push" -l insecure -d 'Reach the registry over plain HTTP'
complete -c wash -n "__fish_wash_using_subcommand push" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand push" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand push" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand push" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand pull" -l destination -d 'File or directory to write to [default: the artifact\'s name, in this directory]' -r -F
complete -c wash -n "__fish_wash_using_subcommand pull" -s d -l digest -d 'Digest that the artifact must have' -r
complete -c wash -n "__fish_wash_using_subcommand pull" -s r -l registry -d 'Registry of references that name none [env: WASH_REG_URL]' -r
complete -c wash -n "__fish_wash_using_subcommand pull" -s u -l user -d 'User at the registry [env: WASH_REG_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand pull" -s p -l password -d 'Password at the registry; others see it in the list of processes [env: WASH_REG_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand pull" -l ca-file -d 'Certificate authority to trust besides the platform\'s, PEM [env: WASH_OCI_CA_FILE]' -r -F
complete -c wash -n "__fish_wash_using_subcommand pull" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand pull" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand pull" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand pull" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand pull" -l allow-latest -d 'Allow the tag latest, or none'
complete -c wash -n "__fish_wash_using_subcommand pull" -l password-stdin -d 'Read the password from stdin'
complete -c wash -n "__fish_wash_using_subcommand pull" -l insecure -d 'Reach the registry over plain HTTP'
complete -c wash -n "__fish_wash_using_subcommand pull" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand pull" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand pull" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand pull" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand inspect" -s d -l digest -d 'Digest that an artifact of a registry must have' -r
complete -c wash -n "__fish_wash_using_subcommand inspect" -s r -l registry -d 'Registry of references that name none [env: WASH_REG_URL]' -r
complete -c wash -n "__fish_wash_using_subcommand inspect" -s u -l user -d 'User at the registry [env: WASH_REG_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand inspect" -s p -l password -d 'Password at the registry; others see it in the list of processes [env: WASH_REG_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand inspect" -l ca-file -d 'Certificate authority to trust besides the platform\'s, PEM [env: WASH_OCI_CA_FILE]' -r -F
complete -c wash -n "__fish_wash_using_subcommand inspect" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand inspect" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand inspect" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand inspect" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand inspect" -l jwt-only -d 'Show the token alone'
complete -c wash -n "__fish_wash_using_subcommand inspect" -l allow-latest -d 'Allow the tag latest, or none'
complete -c wash -n "__fish_wash_using_subcommand inspect" -l no-cache -d 'Do not keep what is fetched'
complete -c wash -n "__fish_wash_using_subcommand inspect" -l password-stdin -d 'Read the password from stdin'
complete -c wash -n "__fish_wash_using_subcommand inspect" -l insecure -d 'Reach the registry over plain HTTP'
complete -c wash -n "__fish_wash_using_subcommand inspect" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand inspect" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand inspect" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand inspect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand drain" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand drain" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand drain" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand drain" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand drain" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand drain" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand drain" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand drain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand nats; and not __fish_seen_subcommand_from serve install export import" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand nats; and not __fish_seen_subcommand_from serve install export import" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand nats; and not __fish_seen_subcommand_from serve install export import" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and not __fish_seen_subcommand_from serve install export import" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand nats; and not __fish_seen_subcommand_from serve install export import" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand nats; and not __fish_seen_subcommand_from serve install export import" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand nats; and not __fish_seen_subcommand_from serve install export import" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand nats; and not __fish_seen_subcommand_from serve install export import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand nats; and not __fish_seen_subcommand_from serve install export import" -f -a "serve" -d 'Serve NATS on this machine, without a nats-server'
complete -c wash -n "__fish_wash_using_subcommand nats; and not __fish_seen_subcommand_from serve install export import" -f -a "install" -d 'Install nats-server, for `wash up` to start'
complete -c wash -n "__fish_wash_using_subcommand nats; and not __fish_seen_subcommand_from serve install export import" -f -a "export" -d 'Write streams to a file, for another server'
complete -c wash -n "__fish_wash_using_subcommand nats; and not __fish_seen_subcommand_from serve install export import" -f -a "import" -d 'Make the streams of a file that `wash nats export` wrote'
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -s a -l host -d 'Address to listen on; others than this machine\'s own need authentication' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -s p -l port -d 'Port to listen on; 0 is any free one' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -s d -l dir -d 'Directory of streams [default: the one that `wash up` has for this port]' -r -F
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l server-name -d 'Name of the server, for clients to show' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l lame-duck -d 'How long clients may take to leave when the server is asked to stop' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -s u -l user -d 'User that may connect, with a password [env: WASH_NATS_SERVE_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l password -d 'Password; others see it in the list of processes [env: WASH_NATS_SERVE_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l password-file -d 'File with the password, which only you may read' -r -F
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l token -d 'Token that clients may show; others see it in the list of processes [env: WASH_NATS_SERVE_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l token-file -d 'File with the token, which only you may read' -r -F
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l nkey -d 'Public nkey of a user that may connect, U…; may be repeated' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l tls-cert -d 'Certificate of the server and what it was signed with, PEM; then every client needs TLS' -r -F
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l tls-key -d 'Key of the certificate, PEM' -r -F
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l tls-ca -d 'Clients must show a certificate that one of these authorities has signed, PEM' -r -F
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l js-domain -d 'JetStream domain to tell clients [default: none; `core` is understood]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l sync -d 'When messages are safe from a loss of power: always, before they are acknowledged; or how often, in the background. They survive the end of the server in any case' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l max-memory-store -d 'What streams in memory may hold together [default: 256MiB]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l max-file-store -d 'What streams on the disk may hold together [default: no limit]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l max-payload -d 'The largest message, headers included [default: 1MiB]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l max-connections -d 'How many clients may be connected [default: 65536]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l max-subscriptions -d 'How many subscriptions a client may have; 0 is any number [default: 0]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l max-control-line -d 'The longest line of the protocol [default: 4KiB]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l max-pending -d 'What may wait for a slow client until it is cut off [default: 64MiB]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l write-deadline -d 'How long a client may take nothing of what waits for it [default: 10s]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l ping-interval -d 'How long a client may be silent until it is asked whether it is there [default: 2m]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l auth-timeout -d 'How long a client may take to log in [default: 2s]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l ephemeral -d 'Keep nothing: streams are gone when the server ends'
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l no-jetstream -d 'Serve no streams, only messages'
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l password-stdin -d 'Read the password from stdin'
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l token-stdin -d 'Read the token from stdin'
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from install" -l mirror -d 'Address of a copy of the releases, with the same paths below it [env: WASH_NATS_MIRROR]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from install" -l sha256 -d 'SHA-256 that the archive must have, in place of the published one' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from install" -l ca-file -d 'Certificate authority to trust besides the platform\'s, PEM [env: WASH_OCI_CA_FILE]' -r -F
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from install" -s t -l timeout -d 'How long it may take' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from install" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from install" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from install" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from install" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from install" -l insecure -d 'Allow a mirror without TLS'
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from install" -s f -l force -d 'Install it again although it is there'
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from install" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from install" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from install" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from install" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -l stream -d 'Stream to write; repeat it for several [default: all]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -s s -l server -d 'NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -s r -l ctl-host -d 'NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -s p -l ctl-port -d 'NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -s x -l lattice -d 'Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -l context -d 'Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -s t -l timeout -d 'How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever [env: WASH_TIMEOUT] [default: 30s]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -l creds -d 'NATS credentials file [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -l ctl-jwt -d 'NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -l ctl-seed -d 'NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -l nkey -d 'NATS nkey seed, or a file with one [env: NATS_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -l user -d 'NATS user name [env: NATS_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -l password -d 'NATS password [env: NATS_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -l token -d 'NATS token [env: NATS_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -l tls-ca -d 'Certificate authority to trust, PEM [env: NATS_CA]' -r -F
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -l tls-cert -d 'Client certificate, PEM [env: NATS_CERT]' -r -F
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -l tls-key -d 'Key of the client certificate, PEM [env: NATS_KEY]' -r -F
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -l js-domain -d 'JetStream domain of the lattice\'s state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -l ctl-prefix -d 'First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -l timeout-ms -d 'Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -l no-wait -d 'Return when the request is accepted, before its effect is seen'
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -l tls-first -d 'Begin TLS before the server speaks [env: NATS_TLS_FIRST]'
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -l stream -d 'Stream to make; repeat it for several [default: all in the file]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -s s -l server -d 'NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -s r -l ctl-host -d 'NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -s p -l ctl-port -d 'NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -s x -l lattice -d 'Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -l context -d 'Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -s t -l timeout -d 'How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever [env: WASH_TIMEOUT] [default: 30s]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -l creds -d 'NATS credentials file [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -l ctl-jwt -d 'NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -l ctl-seed -d 'NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -l nkey -d 'NATS nkey seed, or a file with one [env: NATS_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -l user -d 'NATS user name [env: NATS_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -l password -d 'NATS password [env: NATS_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -l token -d 'NATS token [env: NATS_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -l tls-ca -d 'Certificate authority to trust, PEM [env: NATS_CA]' -r -F
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -l tls-cert -d 'Client certificate, PEM [env: NATS_CERT]' -r -F
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -l tls-key -d 'Key of the client certificate, PEM [env: NATS_KEY]' -r -F
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -l js-domain -d 'JetStream domain of the lattice\'s state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -l ctl-prefix -d 'First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -l timeout-ms -d 'Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -l replace -d 'Delete streams that are there, and what is in them'
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -l no-wait -d 'Return when the request is accepted, before its effect is seen'
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -l tls-first -d 'Begin TLS before the server speaks [env: NATS_TLS_FIRST]'
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand nats; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand hub; and not __fish_seen_subcommand_from init creds revoke list ls" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand hub; and not __fish_seen_subcommand_from init creds revoke list ls" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand hub; and not __fish_seen_subcommand_from init creds revoke list ls" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand hub; and not __fish_seen_subcommand_from init creds revoke list ls" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand hub; and not __fish_seen_subcommand_from init creds revoke list ls" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand hub; and not __fish_seen_subcommand_from init creds revoke list ls" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand hub; and not __fish_seen_subcommand_from init creds revoke list ls" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand hub; and not __fish_seen_subcommand_from init creds revoke list ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand hub; and not __fish_seen_subcommand_from init creds revoke list ls" -f -a "init" -d 'Make a hub: configuration, keys, certificates and the first credentials'
complete -c wash -n "__fish_wash_using_subcommand hub; and not __fish_seen_subcommand_from init creds revoke list ls" -f -a "creds" -d 'Let one more machine in, and write its credentials'
complete -c wash -n "__fish_wash_using_subcommand hub; and not __fish_seen_subcommand_from init creds revoke list ls" -f -a "revoke" -d 'Shut a machine out'
complete -c wash -n "__fish_wash_using_subcommand hub; and not __fish_seen_subcommand_from init creds revoke list ls" -f -a "list" -d 'List who may use a hub'
complete -c wash -n "__fish_wash_using_subcommand hub; and not __fish_seen_subcommand_from init creds revoke list ls" -f -a "ls" -d 'List who may use a hub'
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from init" -l self-signed -d 'Sign a certificate for these names or addresses, by which machines reach the hub; comma-separated' -r
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from init" -l tls-cert -d 'Certificate chain of the server, PEM; used where it is' -r -F
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from init" -l tls-key -d 'Key of the certificate, PEM; used where it is' -r -F
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from init" -l name -d 'Name of the hub, its server and its operator' -r
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from init" -l host -d 'Address to listen on' -r
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from init" -l port -d 'Port for clients; 0 lets the system choose at each start' -r
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from init" -l leaf-port -d 'Port for leaf nodes' -r
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from init" -l monitor-port -d 'Serve monitoring at this port, for this machine alone' -r
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from init" -l domain -d 'JetStream domain of the hub' -r
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from init" -l machine -d 'Whom the first credentials are for' -r
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from init" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from init" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from init" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from init" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from init" -l no-tls -d 'Speak in the clear, for networks where nobody else listens'
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from init" -l no-jetstream -d 'Keep no streams and no state on the hub'
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from init" -l force -d 'Move a hub that is there to DIR.replaced-TIME, as a whole, and make a new one; no credentials of the old hub work with it'
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from init" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from init" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from init" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from creds" -s d -l dir -d 'Directory of the hub [default: hub in the directory of configuration]' -r -F
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from creds" -l out -d 'Write them to this new file, or to stdout with -, instead of creds/NAME.creds in the hub\'s directory' -r -F
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from creds" -l expires -d 'How long they are good: 12h, 90days; 0 is for ever, as is leaving it out' -r
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from creds" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from creds" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from creds" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from creds" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from creds" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from creds" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from creds" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from creds" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from revoke" -s d -l dir -d 'Directory of the hub [default: hub in the directory of configuration]' -r -F
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from revoke" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from revoke" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from revoke" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from revoke" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from revoke" -l no-reload -d 'Leave the running server as it is'
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from revoke" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from revoke" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from revoke" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from list" -s d -l dir -d 'Directory of the hub [default: hub in the directory of configuration]' -r -F
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from list" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from list" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from list" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from list" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from ls" -s d -l dir -d 'Directory of the hub [default: hub in the directory of configuration]' -r -F
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from ls" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from ls" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from ls" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from ls" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from ls" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand hub; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand policy; and not __fish_seen_subcommand_from serve test" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand policy; and not __fish_seen_subcommand_from serve test" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand policy; and not __fish_seen_subcommand_from serve test" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and not __fish_seen_subcommand_from serve test" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand policy; and not __fish_seen_subcommand_from serve test" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand policy; and not __fish_seen_subcommand_from serve test" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand policy; and not __fish_seen_subcommand_from serve test" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand policy; and not __fish_seen_subcommand_from serve test" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand policy; and not __fish_seen_subcommand_from serve test" -f -a "serve" -d 'Answer the questions of hosts by a file of rules'
complete -c wash -n "__fish_wash_using_subcommand policy; and not __fish_seen_subcommand_from serve test" -f -a "test" -d 'Tell what a file of rules decides, and by which rule'
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -l topic -d 'Subject on which hosts ask [env: WASMCLOUD_POLICY_TOPIC] [default: wasmcloud.policy]' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -l changes-topic -d 'Subject on which hosts are told of changes [env: WASMCLOUD_POLICY_CHANGES_TOPIC] [default: wasmcloud.policy.changes]' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -l queue-group -d 'Those with the same group share the questions' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -s s -l server -d 'NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -s r -l ctl-host -d 'NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -s p -l ctl-port -d 'NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -s x -l lattice -d 'Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -l context -d 'Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -s t -l timeout -d 'How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever [env: WASH_TIMEOUT] [default: 30s]' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -l creds -d 'NATS credentials file [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -l ctl-jwt -d 'NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -l ctl-seed -d 'NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -l nkey -d 'NATS nkey seed, or a file with one [env: NATS_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -l user -d 'NATS user name [env: NATS_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -l password -d 'NATS password [env: NATS_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -l token -d 'NATS token [env: NATS_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -l tls-ca -d 'Certificate authority to trust, PEM [env: NATS_CA]' -r -F
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -l tls-cert -d 'Client certificate, PEM [env: NATS_CERT]' -r -F
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -l tls-key -d 'Key of the client certificate, PEM [env: NATS_KEY]' -r -F
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -l js-domain -d 'JetStream domain of the lattice\'s state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -l ctl-prefix -d 'First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -l timeout-ms -d 'Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -l dry-run -d 'Only check the file'
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -l no-wait -d 'Return when the request is accepted, before its effect is seen'
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -l tls-first -d 'Begin TLS before the server speaks [env: NATS_TLS_FIRST]'
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from test" -l action -d 'What is to be done' -r -f -a "start_actor\t''
start_provider\t''
perform_invocation\t''"
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from test" -l target -d 'Key of what is started or called' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from test" -l issuer -d 'Account that signed it' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from test" -l source -d 'Key of who calls' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from test" -l source-issuer -d 'Account that signed the caller' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from test" -l capability -d 'Contract of the provider, or claimed by the caller; may be repeated' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from test" -l link-name -d 'Link name of the provider' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from test" -l host -d 'Key of the host' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from test" -s l -l label -d 'Label of the host; may be repeated' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from test" -s x -l lattice -d 'The host\'s lattice' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from test" -l expect -d 'Fail if it decides otherwise' -r -f -a "allow\t''
deny\t''"
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from test" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from test" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from test" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from test" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from test" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from test" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from test" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand policy; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand config-service; and not __fish_seen_subcommand_from serve" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand config-service; and not __fish_seen_subcommand_from serve" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand config-service; and not __fish_seen_subcommand_from serve" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand config-service; and not __fish_seen_subcommand_from serve" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand config-service; and not __fish_seen_subcommand_from serve" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand config-service; and not __fish_seen_subcommand_from serve" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand config-service; and not __fish_seen_subcommand_from serve" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand config-service; and not __fish_seen_subcommand_from serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand config-service; and not __fish_seen_subcommand_from serve" -f -a "serve" -d 'Tell hosts at their start what to start, by a file of rules'
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -l queue-group -d 'Those with the same group share the questions' -r
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -s s -l server -d 'NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]' -r
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -s r -l ctl-host -d 'NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]' -r
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -s p -l ctl-port -d 'NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]' -r
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -s x -l lattice -d 'Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]' -r
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -l context -d 'Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]' -r
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -s t -l timeout -d 'How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever [env: WASH_TIMEOUT] [default: 30s]' -r
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -l creds -d 'NATS credentials file [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]' -r -F
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -l ctl-jwt -d 'NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]' -r
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -l ctl-seed -d 'NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]' -r
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -l nkey -d 'NATS nkey seed, or a file with one [env: NATS_NKEY]' -r
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -l user -d 'NATS user name [env: NATS_USER]' -r
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -l password -d 'NATS password [env: NATS_PASSWORD]' -r
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -l token -d 'NATS token [env: NATS_TOKEN]' -r
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -l tls-ca -d 'Certificate authority to trust, PEM [env: NATS_CA]' -r -F
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -l tls-cert -d 'Client certificate, PEM [env: NATS_CERT]' -r -F
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -l tls-key -d 'Key of the client certificate, PEM [env: NATS_KEY]' -r -F
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -l js-domain -d 'JetStream domain of the lattice\'s state [env: WASMCLOUD_JS_DOMAIN]' -r
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -l ctl-prefix -d 'First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]' -r
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -l timeout-ms -d 'Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]' -r
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -l dry-run -d 'Only check the file'
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -l no-wait -d 'Return when the request is accepted, before its effect is seen'
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -l tls-first -d 'Begin TLS before the server speaks [env: NATS_TLS_FIRST]'
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand config-service; and __fish_seen_subcommand_from serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand completions" -s d -l dir -d 'Write the script into this directory, under the name that the shell expects' -r -F
complete -c wash -n "__fish_wash_using_subcommand completions" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand completions" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand completions" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand completions" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand completions" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand completions" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand completions" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand man" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand man" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand man" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand man" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand man" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand man" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand man" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand provider-guard" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand provider-guard" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand provider-guard" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand provider-guard" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand provider-guard" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand provider-guard" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand provider-guard" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand provider-guard" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wash -n "__fish_wash_using_subcommand help" -s o -l output -d 'Output format' -r -f -a "text\t'Sentences and tables that fit the terminal'
table\t'As text, but always a table'
wide\t'A table with every column, however wide'
json\t'One JSON document, errors included'
yaml\t'One YAML document, errors included'
name\t'Only the ids, one a line, ready to be arguments'"
complete -c wash -n "__fish_wash_using_subcommand help" -l color -d 'When to colour output' -r -f -a "auto\t'On terminals, unless NO_COLOR or TERM=dumb objects'
always\t''
never\t''"
complete -c wash -n "__fish_wash_using_subcommand help" -l log-level -d 'What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG' -r
complete -c wash -n "__fish_wash_using_subcommand help" -l log-format -d 'How log lines are written' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c wash -n "__fish_wash_using_subcommand help" -s q -l quiet -d 'Say only what was asked for, and errors'
complete -c wash -n "__fish_wash_using_subcommand help" -s v -l verbose -d 'Say more; twice for much more'
complete -c wash -n "__fish_wash_using_subcommand help" -l no-input -d 'Never ask; fail and name the flag instead'
complete -c wash -n "__fish_wash_using_subcommand help" -s h -l help -d 'Print help (see more with \'--help\')'
