//! Where an answer is written: a buffer that empties into a bounded channel.
//!
//! Renderers append to [`Output::text`] and call [`Output::make_room`] now and then; a reader that is slow makes
//! them wait there, and one that has gone makes them stop. What is left at the end goes out together with the
//! status, because `vtysh` needs the terminator in one piece.

use core::fmt;

use tokio::sync::mpsc;

use super::door::Gone;

/// The text of one answer on its way out.
#[derive(Debug)]
pub struct Output {
    text: String,
    chunks: Option<mpsc::Sender<String>>,
}

/// Why an answer breaks off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// Nobody reads it any more.
    #[error("the reader has gone")]
    Unread,
    /// The task that knows has ended.
    #[error("the router is shutting down")]
    Unknown,
    /// The text could not be made.
    #[error("the answer could not be written")]
    Format(#[from] fmt::Error),
}

impl Output {
    /// Keeps all of it: for short answers and tests.
    #[must_use]
    pub fn kept() -> Self {
        Self { text: String::new(), chunks: None }
    }

    /// Sends it on in chunks of [`CHUNK`] octets and some.
    #[must_use]
    pub fn streamed(chunks: mpsc::Sender<String>) -> Self {
        Self { text: String::new(), chunks: Some(chunks) }
    }

    /// Where to append.
    pub fn text(&mut self) -> &mut String {
        &mut self.text
    }

    /// Sends what has gathered, if it is much.
    pub async fn make_room(&mut self) -> Result<(), Stop> {
        let Some(chunks) = self.chunks.as_ref().filter(|_| self.text.len() >= CHUNK) else {
            return Ok(());
        };
        let full = core::mem::replace(&mut self.text, String::with_capacity(CHUNK + CHUNK / 4));
        chunks.send(full).await.map_err(|_| Stop::Unread)
    }

    /// What has not been sent.
    #[must_use]
    pub fn into_rest(self) -> String {
        self.text
    }
}

impl From<Gone> for Stop {
    fn from(_: Gone) -> Self {
        Self::Unknown
    }
}

/// Octets gathered before they are sent.
pub const CHUNK: usize = 64 * 1024;
