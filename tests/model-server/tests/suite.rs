//! The model server as a raw client sees it: wire formats, refusals, faults, and the in-process API.

#[cfg(test)]
mod client;
#[cfg(test)]
mod fault;
#[cfg(test)]
mod process;
#[cfg(test)]
mod strict;
#[cfg(test)]
mod wire;
