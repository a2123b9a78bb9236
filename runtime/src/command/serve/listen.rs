//! Listening, with errors that name the remedy.

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

/// Connections that may wait to be accepted. The standard library's 128 makes clients of a burst wait a second for the
/// repeat of a dropped packet; the kernel cuts this to its own `net.core.somaxconn`, which is 4096.
const BACKLOG: u32 = 4_096;

/// Listens; `flag` is what chooses another address.
pub(super) fn listen(address: SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    try_listen(address).map_err(|error| {
        let other = format!("choose another address with {flag}");
        match error.kind() {
            ErrorKind::AddrInUse => anyhow::anyhow!("{address} is in use; stop the program that has it, or {other}"),
            ErrorKind::AddrNotAvailable => anyhow::anyhow!("{address} is no address of this machine; {other}"),
            ErrorKind::PermissionDenied => anyhow::anyhow!("this user may not listen on {address}; {other}"),
            _ => anyhow::anyhow!("cannot listen on {address}: {error}; {other}"),
        }
    })
}

fn try_listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A service that is started again takes its port while connections of the one before are still being put away.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_in_use_is_named_with_a_remedy() {
        let first = listen(SocketAddr::from(([127, 0, 0, 1], 0)), "--listen").unwrap();
        let address = first.local_addr().unwrap();
        let error = listen(address, "--metrics").unwrap_err().to_string();
        let expected =
            format!("{address} is in use; stop the program that has it, or choose another address with --metrics");
        assert_eq!(error, expected);
    }
}
