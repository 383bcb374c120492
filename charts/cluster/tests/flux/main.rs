//! Flux' own controllers deliver the tracker to a cluster: from an empty cluster to the dashboard, a change by a commit, a
//! broken commit that is reported and rolled back, changes by hand that are undone, and a chart whose signature is wrong.
//!
//! The desired state is the repository's own tree in a Git repository, with a cluster of the test's own in `tree/`, which is
//! production without what needs the internet. The images and the chart come from a registry, as `cargo xtask release`
//! publishes them. Everything is on a node in its own Linux namespaces.
//!
//! Left out is the Flux operator, whose chart is in no registry that the test can reach: the test starts the controllers,
//! and applies the two objects that the operator makes of a FluxInstance. Notifications and the operator's web page are left
//! out, too.
//!
//!     cargo test -p cluster --test flux -- --ignored --nocapture

#[path = "../common/mod.rs"]
mod common;
mod delivery;
mod git;
mod release;
mod visitor;

use std::{net::SocketAddr, time::Instant};

use cluster::{Tool, custom_resources};
use common::{
    scripts, stdout,
    test_cluster::{TRACKER, on_a_node, said},
};
use delivery::{Delivery, FLUX, condition};
use release::Signer;
use serde_json::json;
use visitor::Visitor;

/// An organisation that a commit adds, and all of them.
const ADDED: &str = "another-org";
const ORGS: [&str; 2] = ["fluxcd", ADDED];

/// A tag of the component's image that is not in the registry at first.
const LATER: &str = "later";

/// A version of the chart after the published one.
const NEXT: &str = "0.2.0";

#[test]
#[ignore = "the build of Flux' controllers takes minutes, and so do the failures that Flux waits for"]
fn flux_delivers_the_tracker() {
    let prepare = || {
        custom_resources::directory().unwrap_or_else(|error| panic!("{error}"));
        release::publish();
    };
    on_a_node("flux_delivers_the_tracker", &Tool::FLUX, prepare, || {
        let delivery = Delivery::start();
        delivery.install();
        let visitor = Visitor::start(delivery.dashboard());
        for step in [
            Delivery::roll_out_a_change,
            Delivery::report_refused_values,
            Delivery::roll_back_a_broken_change,
            Delivery::retry_after_a_repair,
            Delivery::undo_changes_by_hand,
            Delivery::refuse_a_wrong_signature,
        ] {
            step(&delivery);
            visitor.assert_always_answered();
        }
    });
}

impl Delivery {
    /// From an empty cluster to the dashboard.
    fn install(&self) {
        let start = Instant::now();
        self.begin();
        self.wait_for("the dashboard answers", || self.cluster.dashboard("/").is_ok());
        said("from an empty cluster to the dashboard", start);
        self.wait_for("Flux reports that the tracker is ready", || {
            let apps = self.get(FLUX, "kustomization/apps");
            condition(&apps, "Ready")[0] == "True"
        });
        said("from an empty cluster to the end of the chart's tests", start);
        assert_eq!(condition(&self.chart(), "SourceVerified")[0], "True");
        self.wait_for("a measurement is stored", || self.cluster.measurements() > 0);
        let answer = self.cluster.dashboard("/api/orgs/fluxcd.json").unwrap();
        assert!(answer.contains("stand-in"), "{answer}");
    }

    /// The address of the dashboard's Service.
    fn dashboard(&self) -> SocketAddr {
        let path = "--output=jsonpath={.spec.clusterIP}:{.spec.ports[0].port}";
        let service = format!("service/{TRACKER}-web");
        stdout(&mut self.cluster.kubectl(&["get", &service, path]))
            .parse()
            .unwrap()
    }

    /// The image of the component's Deployment.
    fn component_image(&self) -> String {
        let path = "--output=jsonpath={.spec.template.spec.containers[0].image}";
        let deployment = format!("deployment/{TRACKER}-component");
        stdout(&mut self.cluster.kubectl(&["get", &deployment, path]))
    }

    /// The versions of the chart that Helm has installed, the newest first.
    fn installed_versions(&self) -> Vec<String> {
        let release = self.release();
        let history = release["status"]["history"].as_array().into_iter().flatten();
        history
            .map(|revision| revision["chartVersion"].as_str().unwrap().to_owned())
            .collect()
    }

    fn wait_until_ready(&self) {
        self.wait_for("the release is ready", || {
            condition(&self.release(), "Ready")[0] == "True"
        });
    }

    fn has_event(&self, reason: &str, part: &str) -> bool {
        self.events("HelmRelease")
            .iter()
            .any(|(its, message)| its == reason && message.contains(part))
    }

    fn roll_out_a_change(&self) {
        assert!(!self.cluster.dashboard("/").unwrap().contains(ADDED));
        self.commit("Track another organisation", &json!({"values": {"orgs": ORGS}}));
        self.wait_for("the dashboard names the organisation", || {
            self.cluster.dashboard("/").is_ok_and(|page| page.contains(ADDED))
        });
        self.wait_until_ready();
    }

    fn report_refused_values(&self) {
        let before = self.cluster.objects("deployments", "web");
        let mistyped = json!({"values": {"orgs": ORGS, "web": {"replicas": "many"}}});
        self.commit("Mistype a value", &mistyped);
        self.wait_for("the release reports the value", || {
            let release = self.release();
            let [status, reason, message] = condition(&release, "Ready");
            status == "False" && reason == "UpgradeFailed" && message.contains("/web/replicas")
        });
        assert!(
            self.has_event("UpgradeFailed", "/web/replicas"),
            "{:?}",
            self.events("HelmRelease")
        );
        let after = self.cluster.objects("deployments", "web");
        assert_eq!(before[0]["metadata"]["generation"], after[0]["metadata"]["generation"]);
    }

    fn roll_back_a_broken_change(&self) {
        let before = self.component_image();
        // For a shorter test. The time of an attempt of the migration is within it.
        let upgrade = json!({"timeout": "90s"});
        let values = json!({"orgs": ORGS, "component": {"image": {"tag": LATER}}});
        let broken = json!({"upgrade": upgrade, "values": values});
        self.commit("Name an image that does not exist", &broken);
        self.wait_for("the broken Deployment is in the cluster", || {
            self.component_image().ends_with(LATER)
        });
        self.wait_for("the release is rolled back, and Flux tries no more", || {
            let release = self.release();
            let [is_stalled, reason, _] = condition(&release, "Stalled");
            is_stalled == "True" && reason == "RetriesExceeded"
        });
        let release = self.release();
        assert_eq!(condition(&release, "Ready")[0], "False", "{}", release["status"]);
        let [is_remediated, reason, _] = condition(&release, "Remediated");
        assert_eq!(
            [is_remediated, reason],
            ["True", "RollbackSucceeded"],
            "{}",
            release["status"]
        );
        for reason in ["UpgradeFailed", "RollbackSucceeded"] {
            assert!(self.has_event(reason, ""), "{reason}: {:?}", self.events("HelmRelease"));
        }
        // The kubelet reports the cause.
        let pods = self.events("Pod");
        let missing = format!("stats-tracker-component:{LATER}");
        assert!(
            pods.iter()
                .any(|(reason, message)| reason == "Failed" && message.contains(&missing)),
            "{pods:?}"
        );
        assert_eq!(self.component_image(), before);
        self.wait_for("the old component is ready", || {
            self.cluster.ready_pods("component").len() == 1
        });
        self.wait_for("the Kustomization reports the release", || {
            let apps = self.get(FLUX, "kustomization/apps");
            let [is_ready, _, message] = condition(&apps, "Ready");
            is_ready == "False" && message.contains("HelmRelease/stats-tracker/stats-tracker")
        });
    }

    fn retry_after_a_repair(&self) {
        self.release.tag_component(LATER);
        stdout(&mut self.cluster.shell(&scripts::region("upkeep.sh", "retry")));
        self.wait_for("the repaired version is in the cluster", || {
            self.component_image().ends_with(LATER)
        });
        self.wait_until_ready();
    }

    fn undo_changes_by_hand(&self) {
        let web = format!("deployment/{TRACKER}-web");
        let replicas = || {
            let path = "--output=jsonpath={.spec.replicas}";
            stdout(&mut self.cluster.kubectl(&["get", &web, path]))
        };
        assert_eq!(replicas(), "2");
        stdout(&mut self.cluster.kubectl(&["scale", &web, "--replicas=1"]));
        let service = format!("service/{TRACKER}-component");
        stdout(&mut self.cluster.kubectl(&["delete", &service]));
        self.reconcile(TRACKER, &format!("helmrelease/{TRACKER}"));
        self.wait_for("the Deployment has its replicas again", || replicas() == "2");
        self.wait_for("the Service is there again", || !self.get(TRACKER, &service).is_null());
        assert!(
            self.has_event("DriftDetected", &format!("{TRACKER}-web")),
            "{:?}",
            self.events("HelmRelease")
        );

        // The objects of Flux itself, too.
        let patch = json!({"spec": {"values": {"orgs": ["by-hand"]}}}).to_string();
        let release = format!("helmrelease/{TRACKER}");
        stdout(
            &mut self
                .cluster
                .kubectl(&["patch", &release, "--type=merge", "--patch", &patch]),
        );
        self.reconcile(FLUX, "kustomization/apps");
        self.wait_for("the HelmRelease has the organisations of Git", || {
            self.release()["spec"]["values"]["orgs"] == json!(ORGS)
        });
        self.wait_until_ready();
    }

    fn refuse_a_wrong_signature(&self) {
        self.release.publish_chart(NEXT);
        self.release.sign_chart(NEXT, Signer::Stranger);
        let promoted = format!("stats_tracker: {NEXT}");
        let current = format!("stats_tracker: {}", images::VERSION);
        self.repository
            .replace("clusters/production/versions.yaml", &current, &promoted);
        self.repository.commit("Promote a version of the chart");
        // Flux appends the digest.
        let is_next = |version: &str| version.starts_with(&format!("{NEXT}+"));
        self.wait_for("the chart with a stranger's signature is refused", || {
            let chart = self.chart();
            let [is_verified, reason, _] = condition(&chart, "SourceVerified");
            is_verified == "False" && reason == "VerificationError" && condition(&chart, "Ready")[0] == "False"
        });
        let kept = self.chart()["status"]["artifact"]["revision"].clone();
        assert!(kept.as_str().unwrap().starts_with(images::VERSION), "{kept}");
        assert!(!self.installed_versions().iter().any(|version| is_next(version)));

        self.release.sign_chart(NEXT, Signer::Owner);
        self.reconcile(TRACKER, &format!("ocirepository/{TRACKER}"));
        self.wait_for("the chart with the owner's signature is installed", || {
            self.installed_versions()
                .first()
                .is_some_and(|version| is_next(version))
        });
        self.wait_until_ready();
    }
}
