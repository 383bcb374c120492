//! Where the programs of these tests listen, and what the component is asked for.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

pub(crate) const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

pub(crate) const LIST: &str = "/orgs/fluxcd/packages";
pub(crate) const PACKAGE: &str = "/orgs/fluxcd/packages/source-controller";
pub(crate) const VERSIONS: &str = "/orgs/fluxcd/packages/source-controller/versions";
