//! What a host holds in memory: more of one actor, and more actors.

use super::Effort;
use super::report::{Report, kib, mib};
use super::stage::{Home, Memory, Up};

pub(crate) fn measure(effort: Effort, report: &mut Report) {
    let mut rows = vec![vec![
        "host with".to_owned(),
        "resident".to_owned(),
        "of it anonymous".to_owned(),
    ]];
    let mut row = |what: String, memory: Memory| {
        rows.push(vec![what, mib(memory.resident), mib(memory.anonymous)]);
    };

    let home = Home::new();
    let up = Up::start(&home);
    row("no actor".to_owned(), up.process.memory());
    let (path, key) = home.new_hello("hello");
    start(&home, &up, &path.display().to_string());
    for count in [1, 100, 1000] {
        let args = ["ctl", "scale", "actor", &key, "--count"];
        home.ask(&up.nats, &[&args[..], &[&count.to_string()]].concat());
        row(format!("one actor, count {count}"), up.process.memory());
    }
    drop(up);

    // Compiled by a host before: the compiler's own memory is not the actors'.
    let home = Home::new();
    let actors: Vec<_> = (0..effort.distinct_actors)
        .map(|index| home.new_hello(&format!("hello-{index}")).0)
        .collect();
    let start_all = |each: &mut dyn FnMut(usize, &Up)| {
        let mut up = Up::start(&home);
        for (index, path) in actors.iter().enumerate() {
            start(&home, &up, &path.display().to_string());
            each(index + 1, &up);
        }
        up.process.stop();
    };
    start_all(&mut |_, _| ());
    let (bytes, files) = home.compiled();
    let code = bytes / files;
    let mut first = None;
    let mut last = None;
    start_all(&mut |actors, up| {
        if [1, 10, effort.distinct_actors].contains(&actors) {
            let memory = up.process.memory();
            let actors_text = if actors == 1 {
                "actor"
            } else {
                "different actors"
            };
            row(format!("{actors} {actors_text}, compiled before"), memory);
            first = first.or(Some(memory));
            last = Some(memory);
        }
    });
    let (Some(first), Some(last)) = (first, last) else {
        return;
    };
    let more = u64::try_from(effort.distinct_actors - 1).unwrap();
    let each = last.anonymous.saturating_sub(first.anonymous) / more;
    let resident = last.resident.saturating_sub(first.resident) / more;
    report.budget(
        "memory per idle actor beyond the first, without compiled code",
        format!(
            "{} (resident with code: {}; the code: {})",
            kib(each),
            kib(resident),
            kib(code)
        ),
        "< 100 KiB",
        each < 100 << 10,
    );
    report.table("Memory of the host", &rows);
}

fn start(home: &Home, up: &Up, path: &str) {
    home.ask(&up.nats, &["ctl", "start", "actor", path]);
}
