//! Starts the component in its host, and the stand-in if it is requested.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use github::stand_in::{self, StandIn, fault::TargetedFault};
use jiff::Timestamp;
use spin_host::manifest::{self, Manifest};
use spin_host::{Clock, Host};
use wasm::guests;

use super::{
    collection::{Collection, Source},
    component::{HttpComponent, Problem},
    pass::{self, Manners, Observer},
    spin::{self, Spin},
};

/// The component's id in `spin.toml`.
const COMPONENT: &str = "stats-tracker";

/// Any free port on the loopback interface.
pub const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The GitHub that the component sends requests to.
#[derive(Clone, Debug)]
pub enum GitHub {
    /// github.com.
    Real,
    /// A server at this address: a stand-in that runs elsewhere, or a proxy.
    At(String),
    /// A stand-in that is started with the tracker.
    StandIn {
        /// The stand-in's organisation.
        org: String,
        /// The fixed time of the stand-in's clock; `None` for the system's clock.
        clock: Option<Timestamp>,
        /// The faults of the stand-in.
        faults: Vec<TargetedFault>,
    },
}

/// The options of the tracker.
#[derive(Clone, Debug)]
pub struct Options {
    /// The GitHub for the requests.
    pub github: GitHub,
    /// The address on which the component listens; port 0 for any free one.
    pub address: SocketAddr,
    /// The contact in the `User-Agent`: an e-mail address or a URL; empty for the project's.
    pub contact: String,
    /// The time limit for one of GitHub's pages.
    pub page_timeout: Duration,
    /// The pause between a response of GitHub and the next request of any caller.
    pub pause: Duration,
    /// The `spin` program that runs the component; `None` for the embedded host.
    pub spin: Option<PathBuf>,
}

/// The reason for which the tracker could not be started.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages document the variants")]
pub enum Error {
    #[error("the component can't be built: {0}")]
    Guest(#[from] guests::Error),
    #[error(transparent)]
    Manifest(#[from] manifest::Error),
    #[error(transparent)]
    Host(#[from] spin_host::Error),
    #[error("the stand-in can't be started: {0}")]
    StandIn(#[from] stand_in::Error),
    #[error("the HTTP client can't be set up: {0}")]
    Client(#[from] reqwest::Error),
    #[error(transparent)]
    Spin(#[from] spin::Error),
    #[error("building the component ended early: {0}")]
    Build(#[from] tokio::task::JoinError),
}

impl Error {
    /// 64 where the environment is wrong, 69 where something outside is missing or taken, 73 where compiled code can't be
    /// kept, 70 where the tracker itself is at fault.
    pub fn exit_code(&self) -> u8 {
        use spin_host::Error::{Address, AddressInUse, Environment, NoMemory, NotCached};

        match self {
            Self::Host(Environment { .. }) => sysexits::ExitCode::Usage,
            Self::Host(NotCached(_)) => sysexits::ExitCode::CantCreat,
            Self::Guest(_)
            | Self::StandIn(_)
            | Self::Spin(_)
            | Self::Host(AddressInUse { .. } | Address { .. } | NoMemory { .. }) => sysexits::ExitCode::Unavailable,
            _ => sysexits::ExitCode::Software,
        }
        .into()
    }
}

/// The running component.
#[derive(Debug)]
pub struct Tracker {
    stand_in: Option<StandIn>,
    runner: Runner,
    component: HttpComponent,
    pause: Duration,
}

/// The host of the component.
#[derive(Debug)]
enum Runner {
    Embedded(Host),
    Spin(Spin),
}

impl Runner {
    fn base_url(&self) -> String {
        match self {
            Self::Embedded(host) => host.base_url(),
            Self::Spin(spin) => spin.base_url(),
        }
    }
}

impl Tracker {
    /// Builds the component if its source has changed, starts the stand-in if it is requested, and then the host.
    ///
    /// # Errors
    ///
    /// If something is missing or an address is in use. The message says what to do.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("spin/spin.toml");
        let module = tokio::task::spawn_blocking(|| guests::SPIN_COMPONENT.build()).await??;
        let mut variables = BTreeMap::from([
            ("contact".to_owned(), options.contact),
            (
                "page_timeout".to_owned(),
                options.page_timeout.as_secs().max(1).to_string(),
            ),
        ]);
        let stand_in = match options.github {
            GitHub::Real => None,
            GitHub::At(url) => {
                variables.insert("github_url".to_owned(), url);
                None
            }
            GitHub::StandIn { org, clock, faults } => {
                let options = stand_in::Options {
                    organisation: org,
                    clock,
                    ..stand_in::Options::default()
                };
                let stand_in = StandIn::start(ANY_PORT, options).await?;
                for fault in faults {
                    stand_in.add_fault(fault);
                }
                variables.insert("github_url".to_owned(), stand_in.base_url());
                Some(stand_in)
            }
        };
        let runner = match &options.spin {
            Some(program) => {
                let spin = Spin::start(program, &manifest, &module, variables, options.address).await?;
                Runner::Spin(spin)
            }
            None => {
                let manifest = Manifest::read(&manifest)?;
                let options_of_host = spin_host::Options {
                    sources: BTreeMap::from([(COMPONENT.to_owned(), module)]),
                    clock: clock(stand_in.as_ref()),
                    outbound_pause: options.pause,
                    ..spin_host::Options::default()
                };
                Runner::Embedded(Host::start(&manifest, variables, options.address, options_of_host).await?)
            }
        };
        let component = HttpComponent::new(runner.base_url())?;
        Ok(Self {
            stand_in,
            runner,
            component,
            pause: options.pause,
        })
    }

    /// The source of the figures.
    pub fn source(&self) -> Source {
        if self.stand_in.is_some() {
            Source::StandIn
        } else {
            Source::GitHub
        }
    }

    /// The component's address: `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> String {
        self.runner.base_url()
    }

    /// The stand-in, if there is one.
    pub fn stand_in(&self) -> Option<&StandIn> {
        self.stand_in.as_ref()
    }

    /// The rate of requests for the source. The embedded host makes the pause between requests, Spin does not.
    pub fn manners(&self) -> Manners {
        let manners = match self.source() {
            Source::GitHub => Manners::GITHUB,
            Source::StandIn => Manners::STAND_IN,
        };
        Manners {
            pause: match self.runner {
                Runner::Embedded(_) => Duration::ZERO,
                Runner::Spin(_) => self.pause,
            },
            ..manners
        }
    }

    /// Makes one pass over an organisation's packages. Also returns the skipped ones.
    ///
    /// # Errors
    ///
    /// If the list can't be read.
    pub async fn collect(
        &self,
        org: &str,
        skip: &[String],
        manners: &Manners,
        observer: &impl Observer,
    ) -> Result<(Collection, Vec<String>), Problem> {
        // The stand-in's counts belong to the time of its own clock.
        let began = self.stand_in.as_ref().map_or_else(Timestamp::now, StandIn::now);
        let outcome = pass::collect(&self.component, org, skip, manners, observer).await?;
        let collection = Collection::new(org.to_owned(), self.source(), began, outcome.packages, outcome.failures);
        Ok((collection, outcome.skipped))
    }

    /// Stops gracefully: requests that are running may end.
    pub async fn stop(self) {
        match self.runner {
            Runner::Embedded(host) => host.stop().await,
            Runner::Spin(spin) => spin.stop().await,
        }
        if let Some(stand_in) = self.stand_in {
            stand_in.stop().await;
        }
    }
}

/// The component's clock. It is the stand-in's, if there is one, since its counts belong to that time.
fn clock(stand_in: Option<&StandIn>) -> Clock {
    stand_in
        .map(StandIn::clock)
        .map_or_else(Clock::default, |clock| Clock::new(move || clock.now().into()))
}

#[cfg(test)]
mod tests {
    use std::io;

    use wasm::compiled_code;

    use super::*;

    #[test]
    fn the_exit_code_tells_who_can_mend_it() {
        let address = ANY_PORT;
        let text = || "x".to_owned();
        let listen = stand_in::Error::Listen {
            address,
            source: io::Error::other("x"),
        };
        for (error, code) in [
            (
                Error::Host(spin_host::Error::Environment {
                    variable: text(),
                    problem: text(),
                }),
                64,
            ),
            (
                Error::Host(spin_host::Error::NotCached(compiled_code::Error {
                    what: text(),
                    error: io::Error::other("x"),
                })),
                73,
            ),
            (Error::Guest(guests::Error::NoToolchain { package: "x" }), 69),
            (Error::StandIn(listen), 69),
            (Error::Spin(spin::Error::AddressInUse { address }), 69),
            (Error::Host(spin_host::Error::AddressInUse { address }), 69),
            (Error::Host(spin_host::Error::Engine { problem: text() }), 70),
        ] {
            assert_eq!(error.exit_code(), code, "{error:?}");
        }
    }
}
