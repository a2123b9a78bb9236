//! Child processes of a benchmark: start, readiness, memory and processor time from `/proc`, and the end.

use std::{
    fs::File,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::{Request, client::conn::http1, header::HOST};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::TcpStream,
    process::{Child, Command},
    time::{sleep, timeout},
};

/// A process that is not ready by then never will be.
const READY_LIMIT: Duration = Duration::from_mins(1);

/// How often a start is tried.
const START_ATTEMPTS: usize = 3;

/// A process that is told to stop may take so long.
const STOP_LIMIT: Duration = Duration::from_secs(15);

/// How often readiness is asked for: the resolution of start times.
const READY_PROBE: Duration = Duration::from_millis(1);

/// `/proc/PID/stat` counts in this unit, fixed for user space on Linux (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

/// A running child.
#[derive(Debug)]
pub struct Process {
    child: Child,
    pid: u32,
    /// Where it listens.
    pub address: SocketAddr,
    /// From spawning to readiness.
    pub start: Duration,
    log: PathBuf,
}

/// A port that is free now. Another process could take it; then the start fails and says so.
fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

impl Process {
    /// Starts the model server with a scenario, in a process of its own.
    pub async fn model_server(binary: &Path, scenario: &Path, folder: &Path) -> anyhow::Result<Self> {
        let log = folder.join("model-server.log");
        let started = Instant::now();
        let mut child = Command::new(binary)
            .args(["--listen", "127.0.0.1:0", "--scenario"])
            .arg(scenario)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let pid = child.id().context("the model server ended at once")?;
        let output = child.stdout.take().context("no output of the model server")?;
        let line = timeout(READY_LIMIT, BufReader::new(output).lines().next_line()).await??.unwrap_or_default();
        let Some(address) = line.strip_prefix("ready http://") else {
            bail!("the model server is not ready: {line:?}\n{}", tail(&log));
        };
        Ok(Self { child, pid, address: address.parse()?, start: started.elapsed(), log })
    }

    /// Starts `troupe serve` on a folder of resources, waits for `/readyz`. Another process may have taken the port that was
    /// free a moment ago, so it is tried again.
    pub async fn troupe(binary: &Path, resources: &Path, data: &Path, more: &[String]) -> anyhow::Result<Self> {
        for _ in 1..START_ATTEMPTS {
            if let Ok(process) = Self::troupe_once(binary, resources, data, more).await {
                return Ok(process);
            }
        }
        Self::troupe_once(binary, resources, data, more).await
    }

    async fn troupe_once(binary: &Path, resources: &Path, data: &Path, more: &[String]) -> anyhow::Result<Self> {
        std::fs::create_dir_all(data)?;
        let log = data.with_extension("log");
        let output = File::create(&log)?;
        let address = free_address()?;
        let started = Instant::now();
        let child = Command::new(binary)
            .arg("serve")
            .arg(resources)
            .args(["--listen", &address.to_string(), "--data"])
            .arg(data)
            .args(more)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let pid = child.id().context("troupe ended at once")?;
        let mut process = Self { child, pid, address, start: Duration::ZERO, log };
        process.wait_until_ready(started).await?;
        Ok(process)
    }

    async fn wait_until_ready(&mut self, started: Instant) -> anyhow::Result<()> {
        while started.elapsed() < READY_LIMIT {
            if is_ready(self.address).await {
                self.start = started.elapsed();
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("troupe ended before it was ready, {status}:\n{}", tail(&self.log));
            }
            sleep(READY_PROBE).await;
        }
        bail!("troupe was not ready after {} s:\n{}", READY_LIMIT.as_secs(), tail(&self.log))
    }

    /// Resident memory now, in bytes.
    pub fn memory(&self) -> anyhow::Result<u64> {
        status_bytes(self.pid, "VmRSS:")
    }

    /// The part of the resident memory that no file backs: what the process itself wrote, heap and stacks.
    pub fn own_memory(&self) -> anyhow::Result<u64> {
        status_bytes(self.pid, "RssAnon:")
    }

    /// The most resident memory there ever was, in bytes.
    pub fn peak_memory(&self) -> anyhow::Result<u64> {
        status_bytes(self.pid, "VmHWM:")
    }

    /// Processor time used so far, of all threads, in user space and in the kernel.
    pub fn processor_time(&self) -> anyhow::Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid))?;
        // The second field is a name in parentheses and may hold anything; utime and stime are the 14th and 15th.
        let (_, rest) = stat.rsplit_once(')').context("an odd /proc/PID/stat")?;
        let ticks: u32 = rest.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u32>().ok()).sum();
        Ok(TICK * ticks)
    }

    /// Asks it to end, and ends it if it does not.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(pid) = i32::try_from(self.pid).ok().and_then(rustix::process::Pid::from_raw) {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        }
        if timeout(STOP_LIMIT, self.child.wait()).await.is_err() {
            self.child.kill().await?;
        }
        Ok(())
    }
}

/// A figure of `/proc/PID/status`, in bytes.
pub fn status_bytes(pid: u32, field: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).with_context(|| format!("no {field} of {pid}"))?;
    Ok(kib.trim().parse::<u64>()? * 1024)
}

/// Whether `/readyz` answers with 200.
async fn is_ready(address: SocketAddr) -> bool {
    let probe = async {
        let stream = TcpStream::connect(address).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let request = Request::get("/readyz").header(HOST, address.to_string()).body(Empty::<Bytes>::new())?;
        let answer = async {
            let response = sender.send_request(request).await?;
            let status = response.status().as_u16();
            response.into_body().collect().await?;
            anyhow::Ok(status)
        };
        tokio::select! {
            status = answer => status,
            _ = connection => bail!("closed"),
        }
    };
    matches!(timeout(Duration::from_secs(5), probe).await, Ok(Ok(200)))
}

/// The last lines of a log.
fn tail(path: &Path) -> String {
    let log = std::fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_of_this_process_is_read_and_its_peak_is_not_below_it() {
        let now = status_bytes(std::process::id(), "VmRSS:").unwrap();
        let peak = status_bytes(std::process::id(), "VmHWM:").unwrap();
        assert!(now > 100 * 1024 && peak >= now, "{now} {peak}");
    }
}
