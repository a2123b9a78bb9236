//! The real `troupe` over folders, scripted models and real tools: crashes, faults, edits, stops and clients of others.

#[cfg(test)]
mod client;
#[cfg(test)]
mod edit;
#[cfg(test)]
mod fault;
#[cfg(test)]
mod inference;
#[cfg(test)]
mod interrupted;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod manifest;
#[cfg(test)]
mod mcp;
#[cfg(test)]
mod resume;
#[cfg(test)]
mod setup;
#[cfg(test)]
mod stop;
#[cfg(test)]
mod uploads;
