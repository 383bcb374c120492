//! The settings of Rails, as environment variables.

use std::{env, ffi::OsString, time::Duration};

use super::{database, storage::Storage};
use crate::measure::Source;

/// The user's own settings of Rails. They are passed on as they are: Rails checks them.
const PASSED_ON: [&str; 10] = [
    "STATS_TRACKER_DASHBOARD_URL",
    "STATS_TRACKER_DISCORD_WEBHOOK_URL",
    "STATS_TRACKER_FRAME_ANCESTORS",
    "STATS_TRACKER_MAIL_FROM",
    "STATS_TRACKER_MAIL_TO",
    "STATS_TRACKER_MATTERMOST_WEBHOOK_URL",
    "STATS_TRACKER_NOTIFY",
    "STATS_TRACKER_SLACK_WEBHOOK_URL",
    "STATS_TRACKER_SMTP_URL",
    "STATS_TRACKER_WEBHOOK_URL",
];

/// The settings that this program passes to Rails. The Rails application's README describes the environment variables.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The directory of the figures.
    pub storage: Storage,
    /// The source of the figures.
    pub source: Source,
    /// The component's URL.
    pub component_url: String,
    /// The stand-in's URL, if there is one.
    pub stand_in_url: Option<String>,
    /// The organisation or user.
    pub org: String,
    /// The packages that are skipped.
    pub skip: Vec<String>,
    /// The pause between requests; `None` for Rails' default.
    pub pause: Option<Duration>,
    /// The web server's port on 127.0.0.1.
    pub port: u16,
}

impl Settings {
    pub(super) fn storage(&self) -> &Storage {
        &self.storage
    }

    pub(super) fn environment(&self) -> Vec<(&'static str, OsString)> {
        let mut environment: Vec<(&'static str, OsString)> = vec![
            ("RAILS_ENV", "production".into()),
            ("RAILS_LOG_LEVEL", "warn".into()),
            ("SECRET_KEY_BASE", self.storage.secret().into()),
            ("STATS_TRACKER_STORAGE", self.storage.directory().into()),
            ("STATS_TRACKER_COMPONENT_URL", self.component_url.clone().into()),
            ("STATS_TRACKER_SOURCE", self.source.name().into()),
            ("STATS_TRACKER_ORGS", self.org.clone().into()),
            ("STATS_TRACKER_PROGRESS", "json".into()),
            ("STATS_TRACKER_STARTED_BY", "cargo".into()),
            ("BINDING", "127.0.0.1".into()),
            ("PORT", self.port.to_string().into()),
        ];
        if let Some(url) = &self.stand_in_url {
            environment.push(("STATS_TRACKER_STAND_IN_URL", url.clone().into()));
        }
        if let Some(pause) = self.pause {
            environment.push(("STATS_TRACKER_PAUSE", pause.as_secs_f64().to_string().into()));
        }
        if !self.skip.is_empty() {
            let skip: Vec<String> = self.skip.iter().map(|name| format!("{}/{name}", self.org)).collect();
            environment.push(("STATS_TRACKER_SKIP", skip.join(" ").into()));
        }
        environment.extend(PASSED_ON.iter().filter_map(|name| Some((*name, env::var_os(name)?))));
        // A PostgreSQL of the user replaces SQLite.
        if let Some(url) = database::url() {
            environment.push(("DATABASE_URL", url));
        }
        environment
    }
}
