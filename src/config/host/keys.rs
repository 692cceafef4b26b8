//! The settings of a host, each with its flag, its variables and its field in `host_config.json`: the one table
//! from which flags, help and file are made (protocol §9.1).

/// What the text of a setting means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Text,
    Number,
    Bool,
    /// Comma-separated; a JSON array in the file.
    List,
}

/// A setting's names and what it is for.
#[derive(Debug)]
pub struct Definition {
    pub key: Key,
    pub flag: &'static str,
    /// The first that is set counts.
    pub variables: &'static [&'static str],
    /// Names in the file; we write the first.
    pub fields: &'static [&'static str],
    pub form: Form,
    /// What the flag's value is called in help.
    pub value: &'static str,
    pub about: &'static str,
    pub heading: Heading,
}

/// Where help lists a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heading {
    Host,
    Nats,
    Leaf,
    Connections,
    Policy,
    Limits,
}

macro_rules! definitions {
    ($($heading:ident { $($key:ident $flag:literal [$($variable:literal)*] [$($field:literal)*] $form:ident $value:literal $about:literal;)* })*) => {
        /// One setting of a host.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Key {
            $($($key,)*)*
        }

        /// Every setting of a host.
        pub const DEFINITIONS: &[Definition] = &[$($(Definition {
            key: Key::$key,
            flag: $flag,
            variables: &[$($variable),*],
            fields: &[$($field),*],
            form: Form::$form,
            value: $value,
            about: $about,
            heading: Heading::$heading,
        },)*)*];
    };
}

definitions! {
Host {
    Lattice "lattice" ["WASMCLOUD_LATTICE" "WASMCLOUD_LATTICE_PREFIX"] ["lattice_prefix" "lattice"] Text "NAME"
        "Name of the lattice [default: default]";
    Name "name" ["WASH_NAME"] ["name"] Text "NAME"
        "Friendly name of the host [default: two random words and a number]";
    HostSeed "host-seed" ["WASMCLOUD_HOST_SEED"] ["host_seed"] Text "SEED"
        "The host's own seed, or a file with it [default: a new one at each start]";
    ClusterSeed "cluster-seed" ["WASMCLOUD_CLUSTER_SEED"] ["cluster_seed"] Text "SEED"
        "Seed that signs calls between hosts, or a file with it [default: one is made and kept]";
    ClusterIssuers "cluster-issuers" ["WASMCLOUD_CLUSTER_ISSUERS"] ["cluster_issuers"] List "KEY"
        "Public keys of other clusters whose calls are accepted, comma-separated";
    RpcTimeout "rpc-timeout-ms" ["WASMCLOUD_RPC_TIMEOUT_MS"] ["rpc_timeout_ms"] Number "MS"
        "How long a call may take [default: 2000]";
    ProviderDelay "provider-delay" ["WASMCLOUD_PROV_SHUTDOWN_DELAY_MS"] ["provider_delay"] Number "MS"
        "How long a provider may take to stop [default: 300]";
    AllowLatest "allow-latest" ["WASMCLOUD_OCI_ALLOW_LATEST"] ["allow_latest"] Bool ""
        "Allow references with the tag latest, or with none";
    AllowedInsecure "allowed-insecure" ["WASMCLOUD_OCI_ALLOWED_INSECURE"] ["allowed_insecure"] List "HOST"
        "Registries to reach without TLS, as HOST or HOST:PORT, comma-separated";
    OciRegistry "oci-registry" ["OCI_REGISTRY" "WASMCLOUD_OCI_REGISTRY"] [] Text "HOST"
        "Registry that the following user and password are for";
    OciUser "oci-registry-user" ["OCI_REGISTRY_USER" "WASMCLOUD_OCI_REGISTRY_USER"] [] Text "NAME"
        "User at that registry [default: as `docker login` and `wash reg login` keep it]";
    OciPassword "oci-registry-password" ["OCI_REGISTRY_PASSWORD" "WASMCLOUD_OCI_REGISTRY_PASSWORD"] [] Text "PASSWORD"
        "Password at that registry";
    OciCa "oci-ca-file" ["WASH_OCI_CA_FILE"] ["oci_ca_file"] List "FILE"
        "Certificate authorities to trust for registries besides the platform's, PEM, comma-separated";
    AllowFileLoad "allow-file-load" ["WASMCLOUD_ALLOW_FILE_LOAD"] ["enable_start_from_fs" "enable_actor_from_fs" "allow_file_load"] Bool ""
        "Allow file:// references, which the host reads from its disk [default: only if NATS listens on this machine alone]";
    AllowUnsigned "allow-unsigned" ["WASH_ALLOW_UNSIGNED"] ["allow_unsigned"] Bool ""
        "Run unsigned modules too: for development";
    LenientProviderClaims "lenient-provider-claims" ["WASH_LENIENT_PROVIDER_CLAIMS"] ["lenient_provider_claims"] Bool ""
        "Run provider archives although their claims have expired or are issued by no account, as only old tools wrote them";
    ProviderEnv "provider-env" ["WASH_PROVIDER_ENV"] ["provider_env"] List "NAME"
        "Environment variables that providers' processes get besides RUST_LOG, OTEL_TRACES_EXPORTER and OTEL_EXPORTER_OTLP_ENDPOINT, comma-separated";
    NoBuiltinAliases "no-builtin-aliases" ["WASH_NO_BUILTIN_ALIASES"] ["no_builtin_aliases"] Bool ""
        "Do not take references to first-party providers for the built-in ones";
    ConfigService "config-service-enabled" ["WASMCLOUD_CONFIG_SERVICE"] ["config_service_enabled"] Bool ""
        "Ask the lattice's config service at the start what to start, see `wash config-service serve`";
    StructuredLogging "enable-structured-logging" ["WASMCLOUD_STRUCTURED_LOGGING_ENABLED"] ["structured_logging_enabled"] Bool ""
        "Write log lines as JSON";
    StructuredLogLevel "structured-log-level" ["WASMCLOUD_STRUCTURED_LOG_LEVEL" "WASMCLOUD_LOG_LEVEL"] ["structured_log_level" "log_level"] Text "LEVEL"
        "Log level of the host [default: info]";
    EnableIpv6 "enable-ipv6" ["WASMCLOUD_ENABLE_IPV6"] ["enable_ipv6"] Bool ""
        "Accepted for older scripts: IPv6 addresses always work";
    Grace "grace" ["WASH_GRACE"] ["grace"] Text "TIME"
        "How long running calls may take to finish when the host stops [default: 10s]";
}
Nats {
    NatsHost "nats-host" ["WASMCLOUD_NATS_HOST" "NATS_HOST"] [] Text "HOST"
        "Where NATS is, or where to start it [default: 127.0.0.1]";
    NatsPort "nats-port" ["WASMCLOUD_NATS_PORT" "NATS_PORT"] [] Number "PORT"
        "Port of NATS; 0 starts a server on any free port [default: 4222]";
    NatsKind "nats" ["WASH_NATS"] [] Text "KIND"
        "Which NATS: embedded, the one in wash; server, a nats-server; external, one that is there already, never started; auto, whatever answers, else a nats-server, else embedded [default: auto]";
    NatsConfig "nats-config" ["WASH_NATS_CONFIG"] [] Text "FILE"
        "Configuration of the nats-server that is started, in place of one that is written; its address counts";
    NatsConnectOnly "nats-connect-only" ["WASMCLOUD_NATS_CONNECT_ONLY" "NATS_CONNECT_ONLY"] [] Bool ""
        "Never start a NATS server";
    NatsServer "nats-server" ["WASH_NATS_SERVER"] [] Text "PATH"
        "The nats-server to start, or `embedded` for the one in wash [default: the one of `wash nats install`, else the first on the PATH or in the usual folders, else embedded]";
    NatsJsDomain "nats-js-domain" ["WASMCLOUD_NATS_JS_DOMAIN" "NATS_JS_DOMAIN"] [] Text "DOMAIN"
        "JetStream domain of the server that is started [default: none]";
    JsDomain "js-domain" ["WASMCLOUD_JS_DOMAIN"] ["js_domain"] Text "DOMAIN"
        "JetStream domain in which the lattice keeps its state";
}
Leaf {
    LeafRemotes "leaf-remote" ["WASH_LEAF_REMOTES" "NATS_REMOTE_URL"] [] List "URL"
        "Hub to be a leaf of, as nats-leaf://HOST:PORT or tls://HOST:PORT; repeat it for several hubs, and separate the addresses of one hub by commas";
    LeafCreds "creds" ["WASH_LEAF_CREDS" "NATS_CREDSFILE"] [] Text "FILE"
        "Credentials file for the hub";
    LeafNkey "nkey" ["WASH_LEAF_NKEY"] [] Text "SEED"
        "nkey seed for the hub, or a file with it";
    LeafUser "user" ["WASH_LEAF_USER"] [] Text "NAME"
        "User at the hub";
    LeafPassword "password" ["WASH_LEAF_PASSWORD"] [] Text "PASSWORD"
        "Password at the hub";
    LeafToken "token" ["WASH_LEAF_TOKEN"] [] Text "TOKEN"
        "Token for the hub";
    LeafTlsCa "tls-ca" ["WASH_LEAF_CA"] [] Text "FILE"
        "Certificate authority of the hub, PEM [default: those of the system]";
    LeafTlsCert "tls-cert" ["WASH_LEAF_CERT"] [] Text "FILE"
        "Client certificate for the hub, PEM";
    LeafTlsKey "tls-key" ["WASH_LEAF_KEY"] [] Text "FILE"
        "Key of the client certificate, PEM";
    LeafTlsFirst "tls-first" ["WASH_LEAF_TLS_FIRST"] [] Bool ""
        "Begin TLS before the hub speaks";
    LeafAccount "account" ["WASH_LEAF_ACCOUNT"] [] Text "NAME"
        "Local account that is joined to the hub [default: the one that all are in]";
    LeafOptional "leaf-optional" ["WASH_LEAF_OPTIONAL"] [] Bool ""
        "Start although a hub, or the domain of the state, cannot be reached, and say in the log when it is";
}
Connections {
    CtlHost "ctl-host" ["WASMCLOUD_CTL_HOST"] ["ctl_host"] Text "HOST"
        "NATS host for the control interface [default: --nats-host]";
    CtlPort "ctl-port" ["WASMCLOUD_CTL_PORT"] ["ctl_port"] Number "PORT"
        "NATS port for the control interface [default: --nats-port]";
    CtlSeed "ctl-seed" ["WASMCLOUD_CTL_SEED"] ["ctl_seed"] Text "SEED"
        "User seed for the control interface, or a file with it";
    CtlJwt "ctl-jwt" ["WASMCLOUD_CTL_JWT"] ["ctl_jwt"] Text "JWT"
        "User JWT for the control interface, or a file with it; needs a seed";
    CtlCreds "ctl-credsfile" ["WASMCLOUD_CTL_CREDSFILE"] ["ctl_credsfile"] Text "FILE"
        "Credentials file for the control interface";
    CtlTls "ctl-tls" ["WASMCLOUD_CTL_TLS"] ["ctl_tls"] Bool ""
        "TLS for the control interface";
    CtlTopicPrefix "ctl-topic-prefix" ["WASMCLOUD_CTL_TOPIC_PREFIX"] ["ctl_topic_prefix"] Text "PREFIX"
        "First part of control subjects [default: wasmbus.ctl]";
    RpcHost "rpc-host" ["WASMCLOUD_RPC_HOST"] ["rpc_host"] Text "HOST"
        "NATS host for calls [default: --nats-host]";
    RpcPort "rpc-port" ["WASMCLOUD_RPC_PORT"] ["rpc_port"] Number "PORT"
        "NATS port for calls [default: --nats-port]";
    RpcSeed "rpc-seed" ["WASMCLOUD_RPC_SEED"] ["rpc_seed"] Text "SEED"
        "User seed for calls, or a file with it";
    RpcJwt "rpc-jwt" ["WASMCLOUD_RPC_JWT"] ["rpc_jwt"] Text "JWT"
        "User JWT for calls, or a file with it; needs a seed";
    RpcCreds "rpc-credsfile" ["WASMCLOUD_RPC_CREDSFILE"] ["rpc_credsfile"] Text "FILE"
        "Credentials file for calls";
    RpcTls "rpc-tls" ["WASMCLOUD_RPC_TLS"] ["rpc_tls"] Bool ""
        "TLS for calls";
    ProvRpcHost "prov-rpc-host" ["WASMCLOUD_PROV_RPC_HOST"] ["prov_rpc_host"] Text "HOST"
        "NATS host for providers that run as processes [default: that for calls]";
    ProvRpcPort "prov-rpc-port" ["WASMCLOUD_PROV_RPC_PORT"] ["prov_rpc_port"] Number "PORT"
        "NATS port for providers that run as processes [default: that for calls]";
    ProvRpcSeed "prov-rpc-seed" ["WASMCLOUD_PROV_RPC_SEED"] ["prov_rpc_seed"] Text "SEED"
        "User seed for these providers, or a file with it [default: user and credentials as for calls]";
    ProvRpcJwt "prov-rpc-jwt" ["WASMCLOUD_PROV_RPC_JWT"] ["prov_rpc_jwt"] Text "JWT"
        "User JWT for these providers, or a file with it; needs a seed";
    ProvRpcCreds "prov-rpc-credsfile" ["WASMCLOUD_PROV_RPC_CREDSFILE"] ["prov_rpc_credsfile"] Text "FILE"
        "Credentials file for these providers";
    ProvRpcTls "prov-rpc-tls" ["WASMCLOUD_PROV_RPC_TLS"] ["prov_rpc_tls"] Bool ""
        "TLS for these providers";
}
Policy {
    PolicyTopic "policy-topic" ["WASMCLOUD_POLICY_TOPIC"] ["policy_topic"] Text "SUBJECT"
        "Ask a policy service on this subject before starts and calls, see `wash policy serve` [default: none, all is allowed]";
    PolicyChangesTopic "policy-changes-topic" ["WASMCLOUD_POLICY_CHANGES_TOPIC"] ["policy_changes_topic"] Text "SUBJECT"
        "Subject on which the policy service changes decisions";
    PolicyTimeout "policy-timeout-ms" ["WASMCLOUD_POLICY_TIMEOUT"] ["policy_timeout_ms"] Number "MS"
        "How long the policy service may take; without an answer all is denied [default: 1000]";
}
Limits {
    MaxMemory "max-memory" ["WASH_MAX_MEMORY"] ["max_memory"] Text "SIZE"
        "Memory of one actor instance: 64MiB, 1GiB; bare numbers are bytes [default: 256MiB]";
    MaxTime "max-time" ["WASH_MAX_TIME"] ["max_time"] Text "TIME"
        "How long an actor may work on one call [default: 30s]";
    MaxDepth "max-depth" ["WASH_MAX_DEPTH"] ["max_depth"] Number "COUNT"
        "How many calls from actor to actor may follow from one [default: 32]";
    MaxInstances "max-instances" ["WASH_MAX_INSTANCES"] ["max_instances"] Number "COUNT"
        "How many actor instances may run at once [default: 1000]";
    ProviderMaxMemory "provider-max-memory" ["WASH_PROVIDER_MAX_MEMORY"] ["provider_max_memory"] Text "SIZE"
        "Memory of a provider and what it starts, by control groups; without these, address space of each process [default: no limit]";
    ProviderMaxCpus "provider-max-cpus" ["WASH_PROVIDER_MAX_CPUS"] ["provider_max_cpus"] Text "NUMBER"
        "CPUs of a provider and what it starts: 0.5, 2; needs control groups of version 2 [default: no limit]";
    ProviderMaxTasks "provider-max-tasks" ["WASH_PROVIDER_MAX_TASKS"] ["provider_max_tasks"] Number "COUNT"
        "Processes and threads of a provider; needs control groups of version 2 [default: no limit]";
    ProviderMaxFiles "provider-max-files" ["WASH_PROVIDER_MAX_FILES"] ["provider_max_files"] Number "COUNT"
        "Files and connections that a provider process may have open [default: as the host]";
}
}

impl Key {
    /// Its row in the table.
    pub fn definition(self) -> &'static Definition {
        // The table and this enum are made from the same lines, in the same order.
        &DEFINITIONS[self as usize]
    }

    /// Whether the text may be a secret.
    pub fn is_secret(self) -> bool {
        matches!(
            self,
            Self::HostSeed
                | Self::ClusterSeed
                | Self::CtlSeed
                | Self::CtlJwt
                | Self::RpcSeed
                | Self::RpcJwt
                | Self::ProvRpcSeed
                | Self::ProvRpcJwt
                | Self::OciPassword
                | Self::LeafNkey
                | Self::LeafPassword
                | Self::LeafToken
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn rows_are_found_by_their_key_and_no_name_means_two_things() {
        let mut names = HashSet::new();
        for definition in DEFINITIONS {
            assert_eq!(definition.key.definition().flag, definition.flag);
            assert!(names.insert(definition.flag), "{}", definition.flag);
            for name in definition.variables.iter().chain(definition.fields) {
                assert!(names.insert(name) || *name == definition.flag, "{name}");
            }
            assert_eq!(definition.value.is_empty(), definition.form == Form::Bool);
        }
    }
}
