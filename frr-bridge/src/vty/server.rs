//! The server's end: a listening socket, and one [`Session`] per connection.
//!
//! What a line means is somebody else's: a session hands out one line at a time and takes its reply before it
//! reads on, as FRR's daemons do (pipelined requests wait their turn in the socket).

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::sys::stat::{Mode, umask};
use nix::unistd::{Group, chown};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tracing::debug;

use super::codec::{Decoder, Reply, Request, Status};

/// A listening control socket. The path is removed when it is dropped.
#[derive(Debug)]
pub struct Listener {
    socket: UnixListener,
    path: PathBuf,
    inode: Option<u64>,
}

impl Listener {
    /// Binds `path` with mode 0770 and group `frrvty`, if there is such a group, as FRR's daemons do.
    ///
    /// A socket left behind by a dead process is removed first. One that somebody answers is not:
    /// `AddrInUse`.
    pub fn bind(path: &Path) -> io::Result<Self> {
        remove_stale(path)?;
        // Nobody may connect between bind and chmod. The mask belongs to the process, so it is put back at once.
        let before = umask(Mode::from_bits_truncate(0o007));
        let socket = UnixListener::bind(path);
        umask(before);
        let socket = socket?;
        if let Ok(Some(group)) = Group::from_name(GROUP)
            && let Err(errno) = chown(path, None, Some(group.gid))
        {
            debug!(path = %path.display(), %errno, "group of the control socket stays");
        }
        fs::set_permissions(path, fs::Permissions::from_mode(0o770))?;
        Ok(Self { socket, path: path.to_owned(), inode: inode(path) })
    }

    /// The next connection.
    pub async fn accept(&self) -> io::Result<Session> {
        let (stream, _) = self.socket.accept().await?;
        Ok(Session { stream, decoder: Decoder::default() })
    }

    /// Where it listens.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Another process may have put its own socket there since.
        if self.inode.is_some() && self.inode == inode(&self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// One connection.
#[derive(Debug)]
pub struct Session {
    stream: UnixStream,
    decoder: Decoder,
}

impl Session {
    /// The next command line, blanks and newlines around it removed. `None`: the other end has closed.
    ///
    /// Lines that are too long or no UTF-8 are answered here.
    pub async fn next_line(&mut self) -> io::Result<Option<String>> {
        loop {
            while let Some(request) = self.decoder.next_request() {
                match request {
                    Request::Line(line) => return Ok(Some(line)),
                    Request::TooLong => self.refuse("% Command is too long.\n").await?,
                    Request::NotText => self.refuse("% Command is not UTF-8.\n").await?,
                }
            }
            let mut chunk = [0; 4096];
            let len = self.stream.read(&mut chunk).await?;
            let Some(octets) = chunk.get(..len).filter(|octets| !octets.is_empty()) else { return Ok(None) };
            self.decoder.push(octets);
        }
    }

    /// Sends a part of the answer to come; [`reply`](Self::reply) sends the rest.
    pub async fn write(&mut self, text: &str) -> io::Result<()> {
        for piece in text.split('\0') {
            self.stream.write_all(piece.as_bytes()).await?;
        }
        Ok(())
    }

    /// Answers the line that [`next_line`](Self::next_line) gave last.
    pub async fn reply(&mut self, reply: Reply) -> io::Result<()> {
        let octets = reply.encode();
        // vtysh hangs for ever if the last four octets reach it in two pieces. The kernel takes a write as small as
        // the tail whole or not at all.
        let (head, tail) = octets.split_at(octets.len().saturating_sub(TAIL));
        self.stream.write_all(head).await?;
        self.stream.write_all(tail).await
    }

    async fn refuse(&mut self, text: &str) -> io::Result<()> {
        self.reply(Reply::new(Status::NO_MATCH, text)).await
    }
}

fn remove_stale(path: &Path) -> io::Result<()> {
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => {
            Err(io::Error::new(io::ErrorKind::AddrInUse, format!("{}: somebody answers", path.display())))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(error) => Err(error),
    }
}

fn inode(path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    fs::symlink_metadata(path).ok().map(|metadata| metadata.ino())
}

/// The group whose members may use the control sockets.
const GROUP: &str = "frrvty";

/// Octets at the end of a reply that leave in one write: at least the four that end it, and little enough for a
/// single socket buffer.
const TAIL: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vty::client::Client;

    fn folder() -> PathBuf {
        let unique = format!("ridgeway-vty-{}-{:?}", std::process::id(), std::thread::current().id());
        let folder = std::env::temp_dir().join(unique);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[tokio::test]
    async fn a_line_is_answered_and_the_session_goes_on() {
        let folder = folder();
        let path = folder.join("test.vty");
        let listener = Listener::bind(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o770);
        let server = tokio::spawn(async move {
            let mut session = listener.accept().await.unwrap();
            while let Some(line) = session.next_line().await.unwrap() {
                let text = if line == "big" { "x\n".repeat(400_000) } else { format!("{line}!\n") };
                session.reply(Reply::new(Status(7), text)).await.unwrap();
            }
        });
        let mut client = Client::connect(&path).await.unwrap();
        let reply = client.request(" show version \n").await.unwrap();
        assert_eq!(reply, Reply::new(Status(7), "show version!\n"));
        assert_eq!(client.request("big").await.unwrap().text.len(), 800_000);
        let reply = client.request(&"x".repeat(5000)).await.unwrap();
        assert_eq!(reply, Reply::new(Status::NO_MATCH, "% Command is too long.\n"));
        assert_eq!(client.request("").await.unwrap().text, "!\n");
        drop(client);
        server.await.unwrap();
        assert!(!path.exists(), "the listener removes its path");
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        let folder = folder();
        let path = folder.join("stale.vty");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let live = Listener::bind(&path).unwrap();
        let error = Listener::bind(&path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        drop(live);
        fs::write(&path, "not a socket").unwrap();
        Listener::bind(&path).unwrap();
    }
}
