//! The client's end: one command at a time, each within a time.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::codec::{Reply, Status};

/// A connection to a control socket, ours or FRR's.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    patience: Duration,
}

impl Client {
    /// Connects.
    pub async fn connect(path: &Path) -> io::Result<Self> {
        let stream = within(PATIENCE, UnixStream::connect(path)).await?;
        Ok(Self { stream, patience: PATIENCE })
    }

    /// Waits that long for each reply instead of 10 s. After a reply that came too late the connection is of no
    /// use, since the next one could not be told apart.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Sends one command line and reads its reply. Commands are never pipelined: FRR from 9.0 on may lose them.
    pub async fn request(&mut self, line: &str) -> io::Result<Reply> {
        if line.contains('\0') {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a command line has no NUL"));
        }
        within(self.patience, async {
            self.stream.write_all(line.as_bytes()).await?;
            self.stream.write_all(&[0]).await?;
            self.read_reply().await
        })
        .await
    }

    async fn read_reply(&mut self) -> io::Result<Reply> {
        let mut octets = Vec::new();
        loop {
            octets.reserve(64 * 1024);
            if self.stream.read_buf(&mut octets).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            // Text has no NUL, so the end is the first one and three more octets.
            if let [text @ .., 0, 0, 0, status] = octets.as_slice()
                && !text.contains(&0)
            {
                let text = String::from_utf8_lossy(text).into_owned();
                return Ok(Reply::new(Status(*status), text));
            }
            if octets.len() > REPLY_MAX {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the reply does not end"));
            }
        }
    }
}

async fn within<T>(patience: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(patience, work).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

const PATIENCE: Duration = Duration::from_secs(10);

/// Longest reply that is read: a full table as JSON is below it.
const REPLY_MAX: usize = 2 << 30;
