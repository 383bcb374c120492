//! KEDA's operator runs the component only during collections, with `component.scaleToZero`: no pod after the installation,
//! one for a collection, which stores measurements, and none afterwards. The chart's own tests start it, too.
//!
//! Left out are KEDA's metrics API server, which is needed only for more than one replica, and KEDA's webhooks.
//!
//!     cargo test -p cluster --test keda -- --ignored --nocapture

mod common;

use std::{cell::RefCell, time::Instant};

use cluster::{Keda, Tool, custom_resources};
use common::{
    output, stdout,
    test_cluster::{Cluster, TRACKER, build_images, is_met, on_a_node, said},
};
use serde_json::{Value, json};

/// The reason of KEDA's event of a Deployment that it has scaled from zero.
const ACTIVATED: &str = "KEDAScaleTargetActivated";

/// KEDA's finalizer of ScaledObjects.
const FINALIZER: &str = "finalizer.keda.sh";

#[test]
#[ignore = "the build of KEDA's operator takes minutes"]
fn keda_runs_the_component_only_during_collections() {
    let prepare = || {
        custom_resources::directory().unwrap_or_else(|error| panic!("{error}"));
        build_images();
    };
    on_a_node(
        "keda_runs_the_component_only_during_collections",
        &Tool::KEDA,
        prepare,
        || {
            let scaling = Scaling::start();
            scaling.install();
            scaling.collect();
            scaling.test_the_release();
            scaling.uninstall();
        },
    );
}

/// A cluster with KEDA.
struct Scaling {
    // The operator ends before the cluster.
    keda: RefCell<Keda>,
    cluster: Cluster,
}

impl Scaling {
    fn start() -> Self {
        let cluster = Cluster::start();
        let defined = cluster.server.define_custom_resources();
        defined.unwrap_or_else(|error| panic!("{error}"));
        cluster.import_images();
        let keda = Keda::start(&cluster.server).unwrap_or_else(|error| panic!("{error}"));
        Self {
            keda: RefCell::new(keda),
            cluster,
        }
    }

    fn install(&self) {
        let scaling = json!({"enabled": true, "pollingInterval": 1, "cooldownPeriod": 5});
        self.cluster.install_chart(&json!({
            // Only the test collects.
            "collector": {"suspend": true},
            "component": {"scaleToZero": scaling},
        }));
        self.wait_until_nothing_runs("without a collection");
        self.wait_for("the dashboard answers", || self.cluster.dashboard("/").is_ok());
        assert_eq!(self.cluster.measurements(), 0);
        assert_eq!(self.activations(), Vec::<String>::new());
    }

    fn collect(&self) {
        let start = Instant::now();
        let from = format!("--from=cronjob/{TRACKER}-collect");
        stdout(&mut self.cluster.kubectl(&["create", "job", &from, "collect-now"]));
        self.wait_for("KEDA has scaled the component from zero to one", || {
            let activations = self.activations();
            activations.iter().any(|message| message.contains("from 0 to 1"))
        });
        self.wait_for("the collection has ended", || {
            self.cluster.objects("jobs", "collector")[0]["status"]["succeeded"] == 1
        });
        // No pod was given up before the component answered.
        let jobs = self.cluster.objects("jobs", "collector");
        assert!(jobs[0]["status"]["failed"].is_null(), "{}", jobs[0]["status"]);
        said("from the Job to its end", start);
        assert!(self.cluster.measurements() > 0);
        self.wait_until_nothing_runs("after the collection");
    }

    /// The chart's tests ask the component, too.
    fn test_the_release(&self) {
        self.cluster
            .succeeds(&mut self.cluster.helm(&["test", TRACKER, "--timeout=120s", "--logs"]));
        self.wait_until_nothing_runs("after the chart's tests");
    }

    /// The ScaledObject has a finalizer, so that it stays until KEDA has removed what it made of it.
    fn uninstall(&self) {
        let scaled = self.cluster.objects("scaledobjects", "component");
        assert_eq!(scaled[0]["metadata"]["finalizers"], json!([FINALIZER]));
        assert!(self.names("horizontalpodautoscalers").contains(TRACKER));
        stdout(&mut self.cluster.helm(&["uninstall", TRACKER, "--wait", "--timeout=120s"]));
        self.wait_for("no object is left", || {
            self.names("scaledobjects,horizontalpodautoscalers,deployments,jobs,pods")
                .is_empty()
        });
    }

    fn names(&self, kinds: &str) -> String {
        stdout(&mut self.cluster.kubectl(&["get", kinds, "--output=name"]))
    }

    /// Waits until the component's Deployment has no replicas and no pods.
    fn wait_until_nothing_runs(&self, when: &str) {
        self.wait_for(&format!("no component runs {when}"), || {
            let deployments = self.cluster.objects("deployments", "component");
            deployments[0]["spec"]["replicas"] == 0 && self.cluster.objects("pods", "component").is_empty()
        });
    }

    /// The messages of KEDA's events of a scaling from zero.
    fn activations(&self) -> Vec<String> {
        let selector = format!("--field-selector=reason={ACTIVATED}");
        let events = stdout(&mut self.cluster.kubectl(&["get", "events", &selector, "--output=json"]));
        let events: Value = serde_json::from_str(&events).unwrap();
        let events = events["items"].as_array().unwrap().iter();
        events
            .map(|event| event["message"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Waits for a condition. At the time limit it prints the state of the cluster and of KEDA, and panics.
    fn wait_for(&self, what: &str, mut condition: impl FnMut() -> bool) {
        let met = is_met(what, || {
            self.keda.borrow_mut().check().unwrap_or_else(|error| panic!("{error}"));
            condition()
        });
        if !met {
            self.cluster.print_state();
            let describe = output(&mut self.cluster.kubectl(&["describe", "scaledobjects"]));
            eprintln!("{}", String::from_utf8_lossy(&describe.stdout));
            panic!("waited in vain until {what}");
        }
    }
}
