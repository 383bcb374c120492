//! The chart on a real node, with the images of this repository: `helm install`, the first stored measurement, a
//! collection by the CronJob, a killed pod, a drained node, and an uninstallation without remaining objects.
//!
//! The node runs in its own Linux namespaces, together with a stand-in for GitHub and the machine's PostgreSQL.

mod common;

use std::time::Instant;

use cluster::NODE;
use common::{
    stdout,
    test_cluster::{Cluster, TRACKER, build_images, on_a_node, said},
};
use serde_json::{Value, json};

/// The limit of the idle component's memory.
const IDLE_COMPONENT: u64 = 30 * 1024 * 1024;

#[test]
fn the_tracker_runs_on_a_node() {
    on_a_node("the_tracker_runs_on_a_node", &[], build_images, || {
        let cluster = Cluster::start();
        cluster.import_images();
        cluster.install();
        cluster.collect_by_the_cronjob();
        cluster.measure_resources();
        cluster.kill_a_pod();
        cluster.drain_the_node();
        cluster.uninstall();
    });
}

impl Cluster {
    fn install(&self) {
        let start = Instant::now();
        self.install_chart(&json!({
            "collector": {"onInstall": true, "schedule": "* * * * *"},
            "component": {"podDisruptionBudget": {"enabled": true}},
            "web": {"podDisruptionBudget": {"enabled": true}},
        }));
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
