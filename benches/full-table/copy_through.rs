//! The stand-in: speaks just enough BGP to be fed, and copies the feeds' messages to the listeners as they are.
//!
//! No router can be faster than this with the same loader on the same machine; what it takes is the floor of every
//! figure.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use benches::loader::read_message;
use benches::message::{self, HEADER, Identity, OPEN};

use crate::plan::{ROUTER, ROUTER_AS, ROUTER6, Role};

type Listeners = Arc<Mutex<Vec<TcpStream>>>;

/// Serves peers until it is killed.
pub fn run() -> Result<()> {
    let listeners = Listeners::default();
    let door = TcpListener::bind((ROUTER, 179)).context("listening")?;
    for stream in door.incoming() {
        let (stream, listeners) = (stream?, Arc::clone(&listeners));
        std::thread::spawn(move || {
            if let Err(error) = serve(stream, &listeners) {
                eprintln!("{error:#}");
            }
        });
    }
    Ok(())
}

fn serve(mut stream: TcpStream, listeners: &Listeners) -> Result<()> {
    let IpAddr::V4(address) = stream.peer_addr()?.ip() else { bail!("not an IPv4 peer") };
    stream.set_nodelay(true)?;
    let (kind, _) = read_message(&mut stream)?;
    anyhow::ensure!(kind == OPEN, "message {kind} instead of OPEN");
    let router = (IpAddr::V4(Ipv4Addr::LOCALHOST), 179).into();
    let who = Identity { asn: ROUTER_AS, address: ROUTER, address6: ROUTER6, router };
    stream.write_all(&[message::open(&who, 0), message::keepalive()].concat())?;
    read_message(&mut stream)?;
    if Role::of(address) == Role::Listener {
        lock(listeners).push(stream.try_clone()?);
    }
    copy(stream, listeners)
}

/// Copies whole messages, as many as one read brought.
fn copy(mut from: TcpStream, listeners: &Listeners) -> Result<()> {
    let is_feed = matches!(from.peer_addr()?.ip(), IpAddr::V4(address) if Role::of(address) == Role::Feed);
    let mut buffer = vec![0; 256 << 10];
    let mut filled = 0;
    loop {
        let count = from.read(&mut buffer[filled..])?;
        if count == 0 {
            return Ok(());
        }
        if !is_feed {
            continue;
        }
        filled += count;
        let whole = whole_messages(&buffer[..filled]);
        for to in lock(listeners).iter_mut() {
            to.write_all(&buffer[..whole])?;
        }
        buffer.copy_within(whole..filled, 0);
        filled -= whole;
    }
}

/// Octets of the whole messages at the front.
fn whole_messages(octets: &[u8]) -> usize {
    let mut at = 0;
    while let Some(header) = octets[at..].get(..HEADER) {
        let len = usize::from(u16::from_be_bytes([header[16], header[17]])).max(HEADER);
        if at + len > octets.len() {
            break;
        }
        at += len;
    }
    at
}

fn lock(listeners: &Listeners) -> std::sync::MutexGuard<'_, Vec<TcpStream>> {
    listeners.lock().unwrap_or_else(PoisonError::into_inner)
}
