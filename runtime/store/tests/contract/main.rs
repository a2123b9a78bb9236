//! What a store promises, told against the ports: the same tests hold for every database.

mod claims;

mod fixture;

mod journals;
