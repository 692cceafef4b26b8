//! The contract `wasmcloud:keyvalue` on Redis: a connection for each linked actor, to the `URL` of its link, else
//! to the URL that the provider was started with.

mod contract;

use std::process::ExitCode;
use std::time::Duration;

use contract::{Configuration, Found, Increment, Item, ListRange, Set};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncTypedCommands, RedisError};
use wash::provider::{Call, Error, Lattice, LinkDefinition, Provider, answer, run};

struct Redis {
    default_url: String,
}

impl Provider for Redis {
    const CONTRACT: &'static str = "wasmcloud:keyvalue";
    type Link = ConnectionManager;

    async fn start(lattice: Lattice) -> Result<Self, Error> {
        let configured: Option<Configuration> = lattice.configuration_json()?;
        let default_url = configured.map_or("redis://127.0.0.1:6379/".to_owned(), |it| it.url);
        Ok(Self { default_url })
    }

    async fn put_link(&self, link: LinkDefinition) -> Result<ConnectionManager, Error> {
        let mut values = link.values.iter();
        let url = values.find(|(key, _)| key.eq_ignore_ascii_case("url"));
        let url = url.map_or(&self.default_url, |(_, url)| url);
        let client = redis::Client::open(url.as_str()).map_err(|it| format!("URL: {it}"))?;
        // Callers wait no longer than two seconds, and should hear what is wrong.
        let patience = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(Duration::from_millis(700)))
            .set_response_timeout(Some(Duration::from_millis(1500)))
            .set_number_of_retries(0);
        let connection = ConnectionManager::new_with_config(client, patience).await;
        connection.map_err(|error| format!("Redis: {error}").into())
    }

    async fn call(&self, link: &ConnectionManager, call: Call) -> Result<Vec<u8>, Error> {
        let answer = match execute(link.clone(), &call).await {
            // The attempt to connect may be an old one; this starts another.
            Err(error) if is_refusal(&error) => execute(link.clone(), &call).await,
            answer => answer,
        };
        answer.map_err(|error| match error.downcast::<RedisError>() {
            Ok(error) => format!("Redis: {error}").into(),
            Err(other) => other,
        })
    }
}

fn is_refusal(error: &Error) -> bool {
    let error = error.downcast_ref::<RedisError>();
    error.is_some_and(RedisError::is_connection_refusal)
}

async fn execute(mut redis: ConnectionManager, call: &Call) -> Result<Vec<u8>, Error> {
    match call.operation.as_str() {
        "KeyValue.Get" => {
            let value: Option<String> = redis.get(call.input::<String>()?).await?;
            answer(&Found {
                exists: value.is_some(),
                value: value.unwrap_or_default(),
            })
        }
        "KeyValue.Set" => {
            let it: Set = call.input()?;
            answer(&match it.expires {
                0 => redis.set(it.key, it.value).await?,
                seconds => redis.set_ex(it.key, it.value, seconds.into()).await?,
            })
        }
        "KeyValue.Contains" => answer(&redis.exists(call.input::<String>()?).await?),
        "KeyValue.Del" | "KeyValue.ListClear" | "KeyValue.SetClear" => {
            answer(&(redis.del(call.input::<String>()?).await? > 0))
        }
        "KeyValue.Increment" => {
            let it: Increment = call.input()?;
            let value = redis.incr(it.key, it.value).await?;
            answer(&i32::try_from(value).map_err(|_| format!("{value} is beyond an i32"))?)
        }
        "KeyValue.ListAdd" => {
            let it: Item = call.input()?;
            answer(&redis.rpush(it.name, it.value).await?)
        }
        "KeyValue.ListDel" => {
            let it: Item = call.input()?;
            answer(&(redis.lrem(it.name, 1, it.value).await? > 0))
        }
        "KeyValue.ListRange" => {
            let it: ListRange = call.input()?;
            let (start, stop) = (it.start as isize, it.stop as isize);
            answer(&redis.lrange(it.list_name, start, stop).await?)
        }
        "KeyValue.SetAdd" => {
            let it: Item = call.input()?;
            answer(&redis.sadd(it.name, it.value).await?)
        }
        "KeyValue.SetDel" => {
            let it: Item = call.input()?;
            answer(&redis.srem(it.name, it.value).await?)
        }
        "KeyValue.SetQuery" => answer(&redis.smembers(call.input::<String>()?).await?),
        "KeyValue.SetUnion" => answer(&redis.sunion(call.input::<Vec<String>>()?).await?),
        "KeyValue.SetIntersection" => answer(&redis.sinter(call.input::<Vec<String>>()?).await?),
        _ => Err(call.unknown()),
    }
}

fn main() -> ExitCode {
    run::<Redis>()
}
