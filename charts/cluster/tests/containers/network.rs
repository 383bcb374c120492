//! A simulation of a cluster's network: each pod has its own network namespace, a name server with the names of
//! Services, and each Service has its own address and port.
//!
//! Threads of this process in each pod's network forward connections, like kube-proxy.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// The address of the name server in every pod. Each pod has its own addresses that begin with 127.
pub(crate) const NAME_SERVER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 53);

/// The search domain: the suffix of Services' names in a cluster.
pub(crate) const SEARCHED: &str = "default.svc.cluster.local";

const TIMEOUT: Duration = Duration::from_secs(120);

/// The network of a pod, or of this machine.
#[derive(Clone)]
pub(crate) enum Side {
    Machine,
    Pod(Arc<File>),
}

impl Side {
    /// The network of a process.
    pub(crate) fn of(process: i32) -> Self {
        let file = File::open(format!("/proc/{process}/ns/net")).expect("the pod runs");
        Self::Pod(Arc::new(file))
    }

    /// Runs a function in this network, on a new thread.
    pub(crate) fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> thread::JoinHandle<T> {
        let side = self.clone();
        thread::spawn(move || {
            if let Self::Pod(file) = &side {
                move_into_link_name_space(std::os::fd::AsFd::as_fd(&**file), Some(LinkNameSpaceType::Network))
                    .expect("root may enter a pod's network");
            }
            work()
        })
    }

    /// The status and body of a server's response in this network.
    pub(crate) fn get(&self, port: u16, path: &str) -> io::Result<(u16, String)> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        self.run(move || {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
            stream.set_read_timeout(Some(TIMEOUT))?;
            stream.write_all(request.as_bytes())?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer)?;
            let answer = String::from_utf8_lossy(&answer);
            let (head, body) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::InvalidData)?;
            let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
            Ok((status.ok_or(io::ErrorKind::InvalidData)?, body.to_owned()))
        })
        .join()
        .expect("the client ends")
    }
}

/// The target of a Service.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) port: u16,
    pub(crate) side: Side,
    pub(crate) target: u16,
}

/// Gives a pod access to Services by their names.
pub(crate) fn connect(pod: &Side, services: Vec<Service>) {
    wait_for_addresses(pod);
    let mut names = BTreeMap::new();
    for (number, service) in (1..).zip(services) {
        let address = Ipv4Addr::new(127, 1, 0, number);
        names.insert(service.name.clone(), address);
        names.insert(format!("{}.{SEARCHED}", service.name), address);
        let at = SocketAddr::from((address, service.port));
        let listener = bind(pod, move || TcpListener::bind(at));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                pass_on(client, &service);
            }
        });
    }
    let socket = bind(pod, || UdpSocket::bind((NAME_SERVER, 53)));
    thread::spawn(move || answer_names(&socket, &names));
}

/// Waits for the addresses of a new pod's network. A socket that is bound before would respond from another address,
/// and clients would ignore the response.
fn wait_for_addresses(pod: &Side) {
    let reachable = pod.run(|| {
        let began = Instant::now();
        loop {
            let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
            match socket.connect((NAME_SERVER, 53)) {
                Err(error) if error.kind() == io::ErrorKind::NetworkUnreachable && began.elapsed() < TIMEOUT => {
                    thread::sleep(Duration::from_millis(5));
                }
                result => return result,
            }
        }
    });
    reachable
        .join()
        .unwrap()
        .expect("bubblewrap gives its network addresses");
}

/// Binds a socket in a pod's network.
fn bind<T: Send + 'static>(pod: &Side, bind: impl FnOnce() -> io::Result<T> + Send + 'static) -> T {
    pod.run(bind).join().unwrap().expect("the address is free")
}

fn pass_on(client: TcpStream, service: &Service) {
    let target = service.target;
    service.side.run(move || {
        // If the target does not listen yet, the client's connection is closed.
        let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)) else {
            return;
        };
        let (Ok(mut from_client), Ok(mut to_server)) = (client.try_clone(), server.try_clone()) else {
            return;
        };
        let upward = thread::spawn(move || {
            let _ = io::copy(&mut from_client, &mut to_server);
            let _ = to_server.shutdown(Shutdown::Write);
        });
        let (mut from_server, mut to_client) = (server, client);
        let _ = io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
        let _ = upward.join();
    });
}

/// A name server for these names and IPv4 addresses.
fn answer_names(socket: &UdpSocket, names: &BTreeMap<String, Ipv4Addr>) {
    let mut buffer = [0; 512];
    while let Ok((length, client)) = socket.recv_from(&mut buffer) {
        if let Some(answer) = answer(&buffer[..length], names) {
            let _ = socket.send_to(&answer, client);
        }
    }
}

/// The size of a message's header.
const HEADER: usize = 12;

/// The record type of an IPv4 address.
const A: [u8; 2] = [0, 1];

fn answer(query: &[u8], names: &BTreeMap<String, Ipv4Addr>) -> Option<Vec<u8>> {
    let mut labels = Vec::new();
    let mut rest = query.get(HEADER..)?;
    while let (&length, after) = rest.split_first()?
        && length > 0
    {
        labels.push(String::from_utf8_lossy(after.get(..usize::from(length))?).to_lowercase());
        rest = after.get(usize::from(length)..)?;
    }
    let kind = rest.get(1..3)?;
    let question = &query[HEADER..query.len() - rest.len() + 5];
    let address = names.get(&labels.join("."));
    let records: &[Ipv4Addr] = match address {
        Some(address) if kind == A => &[*address],
        _ => &[],
    };
    // The flags: a response, with recursion desired and available; code 3 is an unknown name.
    let code = if address.is_some() { 0x80 } else { 0x83 };
    let mut message = [&query[..2], &[0x81, code, 0, 1, 0, records.len() as u8, 0, 0, 0, 0]].concat();
    message.extend_from_slice(question);
    for record in records {
        // A pointer to the name at byte 12, the class Internet, a lifetime of a minute, and a length of four bytes.
        message.extend_from_slice(&[0xc0, HEADER as u8, A[0], A[1], 0, 1, 0, 0, 0, 60, 0, 4]);
        message.extend_from_slice(&record.octets());
    }
    Some(message)
}
