//! The chart on a real node, with the images of this repository: `helm install`, the first stored measurement, a
//! collection by the CronJob, a killed pod, a drained node, and an uninstallation without remaining objects.
//!
//! The node runs in its own Linux namespaces, together with a stand-in for GitHub and the machine's PostgreSQL.

mod common;

use std::{process::Command, time::Instant};

use cluster::{NODE, Tool, namespaces};
use common::{
    chart, output, printed, stdout,
    test_cluster::{Cluster, TRACKER, said},
};
use images::Image;
use serde_json::{Value, json};

/// The registry of the project's images in the chart.
const REPOSITORY: &str = "ghcr.io/stats-tracker-ghcr";

/// The chart's components with an external database.
const IMAGES: [Image; 2] = [Image::Component, Image::Rails];

/// The limit of the idle component's memory.
const IDLE_COMPONENT: u64 = 30 * 1024 * 1024;

#[test]
fn the_tracker_runs_on_a_node() {
    if !namespaces::entered().unwrap_or_else(|error| panic!("{error}")) {
        if let Some(what) = namespaces::obstacle() {
            eprintln!("not tried: {what}");
            return;
        }
        // Everything that needs a network or takes long is done before, because the node has no network.
        for tool in Tool::ALL {
            tool.path().unwrap_or_else(|error| panic!("{error}"));
        }
        for image in IMAGES {
            let directory = images::default_output().unwrap();
            image.build(&directory).unwrap_or_else(|error| panic!("{error:#}"));
        }
        let again = ["--exact", "the_tracker_runs_on_a_node", "--nocapture"];
        return namespaces::run(&again).unwrap_or_else(|error| panic!("{error}"));
    }
    let cluster = Cluster::start();
    cluster.import_images();
    cluster.install();
    cluster.collect_by_the_cronjob();
    cluster.measure_resources();
    cluster.kill_a_pod();
    cluster.drain_the_node();
    cluster.uninstall();
}

impl Cluster {
    fn helm(&self, arguments: &[&str]) -> Command {
        let mut helm = self.server.helm().unwrap();
        helm.args(["--namespace", TRACKER]).args(arguments);
        helm
    }

    /// Runs Helm, and prints the cluster's state after a failure, because Helm does not report the cause.
    fn succeeds(&self, helm: &mut Command) {
        let answer = output(helm);
        if !answer.status.success() {
            self.print_state();
        }
        printed(helm, answer);
    }

    fn import_images(&self) {
        let start = Instant::now();
        for image in IMAGES {
            let layout = images::default_output().unwrap().join(image.name());
            let imported = self.node.import(&layout, &format!("{REPOSITORY}/{}", image.name()));
            imported.unwrap_or_else(|error| panic!("{error}"));
        }
        said("its images are there", start);
    }

    /// The database and the Secrets by the walk-through's own commands, then the chart.
    fn install(&self) {
        self.create_database_and_secrets();
        let enforce = "pod-security.kubernetes.io/enforce=restricted";
        stdout(&mut self.kubectl(&["label", "namespace", TRACKER, enforce]));

        let values = json!({
            "github": {
                "url": format!("http://{}", self.github),
                "source": "stand-in",
                "contact": "tracker@example.org",
            },
            "rails": {"existingSecret": "stats-tracker-rails"},
            "database": {"mode": "external", "external": {"existingSecret": "stats-tracker-database"}},
            "collector": {"onInstall": true, "schedule": "* * * * *", "pause": 0},
            "component": {"podDisruptionBudget": {"enabled": true}},
            "web": {"podDisruptionBudget": {"enabled": true}},
        });
        let file = self.server.directory().join("values.json");
        std::fs::write(&file, values.to_string()).unwrap();
        let start = Instant::now();
        let mut helm = self.helm(&["install", TRACKER]);
        self.succeeds(helm.arg(chart()).arg("--values").arg(file));
        said("helm install is done", start);
        self.wait_for("a measurement is stored", || self.measurements() > 0);
        said("from helm install to the first measurement", start);
        self.wait_for("all is ready", || {
            ["component", "web"]
                .iter()
                .all(|component| self.ready_pods(component).len() == 1)
        });
        // The dashboard, through the Service and with Rails' read-only database user.
        let answer = self.dashboard("/api/orgs/fluxcd.json").unwrap();
        assert!(answer.contains("stand-in"), "{answer}");
        self.succeeds(&mut self.helm(&["test", TRACKER, "--timeout=120s", "--logs"]));
        said("helm test agrees", start);
    }

    fn collect_by_the_cronjob(&self) {
        self.wait_for("the CronJob has collected", || {
            self.objects("jobs", "collector").iter().any(|job| {
                job["metadata"]["ownerReferences"][0]["kind"] == "CronJob" && job["status"]["succeeded"] == 1
            })
        });
    }

    fn measure_resources(&self) {
        let idle = || -> Option<u64> {
            let summary =
                stdout(&mut self.kubectl(&["get", "--raw", &format!("/api/v1/nodes/{NODE}/proxy/stats/summary")]));
            let summary: Value = serde_json::from_str(&summary).unwrap();
            let pods = summary["pods"].as_array().unwrap();
            let component = pods.iter().find(|pod| {
                let name = pod["podRef"]["name"].as_str().unwrap_or_default();
                name.starts_with(&format!("{TRACKER}-component-"))
            })?;
            component["containers"][0]["memory"]["workingSetBytes"].as_u64()
        };
        self.wait_for("the kubelet knows how much memory the component takes", || {
            idle().is_some()
        });
        let bytes = idle().unwrap();
        println!("the component takes {:.1} MB", bytes as f64 / 1e6);
        assert!(bytes < IDLE_COMPONENT, "{bytes} bytes");
    }

    fn kill_a_pod(&self) {
        for component in ["component", "web"] {
            let before = self.ready_pods(component);
            stdout(&mut self.kubectl(&["delete", "pod", &before[0], "--force", "--grace-period=0"]));
            self.wait_for(&format!("another {component} is ready"), || {
                let now = self.ready_pods(component);
                !now.is_empty() && now != before
            });
        }
    }

    fn drain_the_node(&self) {
        let start = Instant::now();
        stdout(&mut self.kubectl(&["drain", NODE, "--delete-emptydir-data", "--timeout=120s"]));
        said("the node is drained", start);
        for component in ["component", "web"] {
            assert!(self.ready_pods(component).is_empty(), "{component}");
        }
        let before = self.measurements();
        // What was just read is left out of a collection.
        self.sql("UPDATE collections SET started_at = started_at - interval '1 hour'");
        stdout(&mut self.kubectl(&["uncordon", NODE]));
        self.wait_for("all is ready again", || {
            ["component", "web"]
                .iter()
                .all(|component| self.ready_pods(component).len() == 1)
        });
        // The CronJob collects within a minute.
        self.wait_for("it collects again", || self.measurements() > before);
    }

    fn uninstall(&self) {
        stdout(&mut self.helm(&["uninstall", TRACKER, "--wait", "--timeout=120s"]));
        self.wait_for("no pod is left", || {
            stdout(&mut self.kubectl(&["get", "pods", "--output=name"]))
                .trim()
                .is_empty()
        });
    }
}
