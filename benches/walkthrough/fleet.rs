//! `wash ctl get hosts` on a thousand hosts, which only answer.

use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::sync::oneshot;
use wash::claims::{KeyKind, Seed};
use wash::lattice::LatticeName;
use wash::lattice::subject::Ctl;
use wash::lattice::wire::HostSummary;

use super::Effort;
use super::report::Report;
use super::stage::{Home, Nats, block_on};

const HOSTS: usize = 1000;

pub(crate) fn measure(effort: Effort, report: &mut Report) {
    let (home, nats) = (Home::new(), Nats::start());
    let (stop, stopped) = oneshot::channel::<()>();
    let (ready, is_ready) = std::sync::mpsc::channel();
    let url = nats.url.clone();
    let fleet = std::thread::spawn(move || {
        block_on(async {
            let answers = answers();
            let client = async_nats::connect(url).await.unwrap();
            let ping = Ctl::new(None, &LatticeName::default()).ping_hosts();
            let mut pings = client.subscribe(ping).await.unwrap();
            client.flush().await.unwrap();
            ready.send(()).unwrap();
            let answer = async {
                while let Some(ping) = pings.next().await {
                    let Some(reply) = ping.reply else { continue };
                    for answer in &answers {
                        let answer = answer.clone().into();
                        client.publish(reply.clone(), answer).await.unwrap();
                    }
                    client.flush().await.unwrap();
                }
            };
            tokio::select! {
                () = answer => {}
                _ = stopped => {}
            }
        });
    });
    is_ready.recv().unwrap();

    let mut times = Vec::new();
    let mut least = HOSTS;
    for _ in 0..effort.runs {
        let (answer, time) = home.ask(&nats.url, &["ctl", "get", "hosts"]);
        times.push(time);
        least = least.min(answer["hosts"].as_array().unwrap().len());
    }
    let what = "`wash ctl get hosts`, 1000 simulated hosts";
    report.time(what, &times, Duration::from_secs(1));
    let measured = format!("{least} in the worst of {} runs", times.len());
    report.budget("hosts it lists", measured, "1000", least == HOSTS);
    drop(stop);
    fleet.join().unwrap();
}

fn answers() -> Vec<Vec<u8>> {
    let host = |index| HostSummary {
        id: Seed::generate(KeyKind::Server).public(),
        friendly_name: format!("simulated-host-{index}"),
        labels: [("hostcore.os", "linux"), ("hostcore.arch", "x86_64")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        uptime_seconds: 3600,
        uptime_human: "1 hour".to_owned(),
        version: "0.82.0".to_owned(),
        lattice: "default".to_owned(),
        ..HostSummary::default()
    };
    (0..HOSTS)
        .map(|index| serde_json::to_vec(&host(index)).unwrap())
        .collect()
}
