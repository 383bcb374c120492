//! The chart's objects, and the test that starts their containers.

use std::{
    env, fs,
    net::Ipv4Addr,
    os::unix::fs::PermissionsExt,
    path::Path,
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use cluster::Tool;
use github::stand_in::{self, StandIn};
use images::Image;
use serde_json::Value;
use system::{postgresql::PostgreSql, workspace};

use crate::{
    built::{again_as_root, is_root, layout, run, unpacked},
    network::{Service, Side},
    pod::{Container, list, text},
};

/// The name of the stand-in, which the component uses as GitHub.
const GITHUB: &str = "github";

const NAMESPACE: &str = "default";

/// The limit of the idle component's memory in megabytes.
const IDLE_LIMIT: u64 = 20;

/// The time limit of each step, for a busy machine.
const TIMEOUT: Duration = Duration::from_secs(180);

/// The rendered chart.
struct Chart {
    objects: Vec<Value>,
}

impl Chart {
    fn render() -> Self {
        let chart = workspace().join("charts/stats-tracker");
        let rendered = run(Tool::Helm
            .command()
            .unwrap_or_else(|error| panic!("{error}"))
            .args(["template", "stats-tracker", "--namespace", NAMESPACE])
            .arg(chart)
            .args([
                "--set",
                &format!("github.url=http://{GITHUB}"),
                "--set",
                "github.source=stand-in",
            ])
            .args(["--set", "collector.pause=0", "--set", "collector.concurrency=4"]));
        let objects = serde_saphyr::from_multiple(&String::from_utf8(rendered).unwrap()).unwrap();
        Self { objects }
    }

    fn all<'a>(&'a self, kind: &str) -> impl Iterator<Item = &'a Value> {
        self.objects.iter().filter(move |object| object["kind"] == kind)
    }

    /// The object of this kind whose name ends with this suffix. The migration's name has a checksum after it.
    fn one(&self, kind: &str, part: &str) -> &Value {
        let mut found = self
            .all(kind)
            .filter(|object| object["metadata"]["labels"]["app.kubernetes.io/component"] == part);
        let object = found
            .next()
            .unwrap_or_else(|| panic!("the chart has no {kind} of the {part}"));
        assert!(found.next().is_none(), "the chart has several {kind}s of the {part}");
        object
    }

    fn secret(&self, name: &str, key: &str) -> String {
        let secret = self.all("Secret").find(|secret| secret["metadata"]["name"] == name);
        let secret = secret.unwrap_or_else(|| panic!("the chart has no Secret {name}"));
        let value = match &secret["stringData"][key] {
            Value::Null => BASE64_STANDARD.decode(text(&secret["data"][key])).unwrap(),
            text => text.as_str().unwrap().into(),
        };
        String::from_utf8(value).unwrap()
    }

    /// A Service for pods, which leads to a port in a network.
    fn service(&self, part: &str, side: &Side, target: u16) -> Service {
        let service = self.one("Service", part);
        Service {
            name: text(&service["metadata"]["name"]),
            port: u16::try_from(service["spec"]["ports"][0]["port"].as_u64().unwrap()).unwrap(),
            side: side.clone(),
            target,
        }
    }

    /// Starts a container of a pod, an initial one or the pod's own.
    fn start(&self, pod: &Value, kind: &str, services: &[Service]) -> Container {
        let secrets = |name: &str, key: &str| self.secret(name, key);
        Container::start(pod, &pod[kind][0], &secrets, services.to_vec())
    }
}

fn port(pod: &Value) -> u16 {
    u16::try_from(pod["containers"][0]["ports"][0]["containerPort"].as_u64().unwrap()).unwrap()
}

#[test]
fn the_tracker_runs_from_its_images_as_the_chart_starts_them() {
    // The time limits do not include the build.
    for image in [Image::Component, Image::Rails] {
        layout(image);
    }
    if !is_root() {
        return again_as_root("chart::the_tracker_runs_from_its_images_as_the_chart_starts_them");
    }
    for image in [Image::Component, Image::Rails] {
        unpacked(image);
    }
    let chart = Chart::render();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let options = stand_in::Options {
        organisation: "fluxcd".to_owned(),
        ..stand_in::Options::default()
    };
    let github = runtime
        .block_on(StandIn::start(([127, 0, 0, 1], 0).into(), options))
        .unwrap();
    let github = Service {
        name: GITHUB.to_owned(),
        port: 80,
        side: Side::Machine,
        target: github.base_url().rsplit(':').next().unwrap().parse().unwrap(),
    };

    let began = Instant::now();
    let component_pod = &chart.one("Deployment", "component")["spec"]["template"]["spec"];
    let mut component = chart.start(component_pod, "containers", &[github]);
    let health = component.wait_for(port(component_pod), "/healthz", 200, TIMEOUT);
    println!("the component answered after {:?}", began.elapsed());
    assert_eq!(serde_json::from_str::<Value>(&health).unwrap()["status"], "ok");
    println!(
        "the component holds {:.1} MB at first",
        component.resident() as f64 / 1e6
    );

    let database = PostgreSql::listening((Ipv4Addr::LOCALHOST, 0).into());
    make_users(&chart, &database);
    let database_service = chart.service("database", &Side::Machine, database.port());

    let web_pod = &chart.one("Deployment", "web")["spec"]["template"]["spec"];
    let mut web = chart.start(web_pod, "containers", std::slice::from_ref(&database_service));
    web.wait_for(port(web_pod), "/healthz", 200, TIMEOUT);
    web.wait_for(port(web_pod), "/readyz", 503, TIMEOUT);

    let migration = &chart.one("Job", "migration")["spec"]["template"]["spec"];
    for kind in ["initContainers", "containers"] {
        chart
            .start(migration, kind, std::slice::from_ref(&database_service))
            .succeed(TIMEOUT);
    }
    web.wait_for(port(web_pod), "/readyz", 200, TIMEOUT);

    let collector = &chart.one("CronJob", "collector")["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    let services = [
        database_service.clone(),
        chart.service("component", &component.side, port(component_pod)),
    ];
    chart.start(collector, "initContainers", &services).succeed(TIMEOUT);
    let collecting = chart.start(collector, "containers", &services);
    let first = loop {
        let (_, body) = web.side.get(port(web_pod), "/api/packages/fluxcd.json").unwrap();
        let packages: Value = serde_json::from_str(&body).unwrap_or_default();
        if list(&packages["packages"]).any(|package| package["total"].is_u64()) {
            break began.elapsed();
        }
        assert!(began.elapsed() < TIMEOUT, "nothing is measured: {}", collecting.said());
    };
    println!("the first measurement was stored after {first:?}");
    let progress = collecting.succeed(TIMEOUT);
    assert!(progress.contains(r#""event":"ended""#), "{progress}");

    // The dashboard shows the collected figures, and its database user is read-only.
    let (status, page) = web.side.get(port(web_pod), "/orgs/fluxcd").unwrap();
    assert_eq!(status, 200);
    assert!(page.contains("source-controller"), "{page}");
    let script = page
        .split("src=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap();
    assert_eq!(web.side.get(port(web_pod), script).unwrap().0, 200, "{script}");

    let idle = component.resident();
    println!("the component holds {:.1} MB after a collection", idle as f64 / 1e6);
    println!("the dashboard holds {:.1} MB", web.resident() as f64 / 1e6);
    assert!(idle < IDLE_LIMIT * 1_000_000, "{idle} bytes");
    assert_eq!(component.terminate(TIMEOUT), Some(0));
    assert_eq!(web.terminate(TIMEOUT), Some(0));
}

/// Runs the script of the chart's database after its start, with the passwords of its Secret and its other files.
fn make_users(chart: &Chart, database: &PostgreSql) {
    let server = &chart.one("StatefulSet", "database")["spec"]["template"]["spec"]["containers"][0];
    let hook = &server["lifecycle"]["postStart"]["exec"]["command"];
    let script = text(&hook[1]);
    let (mounted, name) = script.rsplit_once('/').unwrap();
    let data = &chart.one("ConfigMap", "database")["data"];
    let place = tempfile::tempdir().unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for (name, content) in data.as_object().unwrap() {
        fs::write(place.path().join(name), content.as_str().unwrap()).unwrap();
    }
    let environment = list(&server["env"]).filter_map(|variable| {
        let reference = &variable["valueFrom"]["secretKeyRef"];
        let value = chart.secret(reference["name"].as_str()?, reference["key"].as_str()?);
        Some((text(&variable["name"]), value))
    });
    let script = text(&data[name]).replace(mounted, place.path().to_str().unwrap());
    let path = env::join_paths([database.programs(), Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
    let mut shell = database.client("/bin/sh");
    run(shell.args(["-c", &script]).env("PATH", path).envs(environment));
}
