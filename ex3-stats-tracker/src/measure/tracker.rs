//! The component in its host, and the stand-in where one is asked for.

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

/// A free port that this machine alone reaches.
pub const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Which GitHub the component is to ask.
#[derive(Clone, Debug)]
pub enum GitHub {
    /// github.com.
    Real,
    /// What answers like it at this address: a stand-in that runs elsewhere, or a proxy.
    At(String),
    /// A stand-in that is started along.
    StandIn {
        /// Its organisation.
        org: String,
        /// The time at which its clock stands; `None` for the system's running time.
        clock: Option<Timestamp>,
        /// What is to go wrong.
        faults: Vec<TargetedFault>,
    },
}

/// How the tracker is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which GitHub.
    pub github: GitHub,
    /// Where the component is to listen; port 0 for any free one.
    pub address: SocketAddr,
    /// For the `User-Agent`: an e-mail address or a page; empty for the project's.
    pub contact: String,
    /// How long one of GitHub's pages may take.
    pub page_timeout: Duration,
    /// The pause between an answer of GitHub's and the next request, of however many callers.
    pub pause: Duration,
    /// The `spin` program that is to run the component; `None` for the embedded host.
    pub spin: Option<PathBuf>,
}

/// Why the tracker could not be started.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
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

/// The component, running.
#[derive(Debug)]
pub struct Tracker {
    stand_in: Option<StandIn>,
    runner: Runner,
    component: HttpComponent,
    pause: Duration,
}

/// What runs the component.
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
    /// Builds the component where that is due, starts the stand-in where one is asked for, and then the host.
    ///
    /// # Errors
    ///
    /// What is missing or taken, and what to do about it.
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
                for TargetedFault { target, fault, count } in faults {
                    stand_in.set_fault(&target, fault, count);
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

    /// Where figures come from.
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

    /// The stand-in, where there is one.
    pub fn stand_in(&self) -> Option<&StandIn> {
        self.stand_in.as_ref()
    }

    /// How the source is to be treated. The pause between two requests is the embedded host's; Spin makes none.
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

    /// Makes one pass over an organisation's packages; also says which ones were skipped.
    ///
    /// # Errors
    ///
    /// The list's problem, where it can't be read.
    pub async fn collect(
        &self,
        org: &str,
        skip: &[String],
        manners: &Manners,
        observer: &impl Observer,
    ) -> Result<(Collection, Vec<String>), Problem> {
        // The stand-in's counts are of its own time.
        let began = self.stand_in.as_ref().map_or_else(Timestamp::now, StandIn::now);
        let outcome = pass::collect(&self.component, org, skip, manners, observer).await?;
        let collection = Collection::new(org.to_owned(), self.source(), began, outcome.packages, outcome.failures);
        Ok((collection, outcome.skipped))
    }

    /// Lets what is under way end, and stops.
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

/// The time that the component sees: the stand-in's counts are of its own time, and so are measurements of them.
fn clock(stand_in: Option<&StandIn>) -> Clock {
    stand_in
        .map(StandIn::clock)
        .map_or_else(Clock::default, |clock| Clock::new(move || clock.now().into()))
}
