//! `encode MODULE COMPONENT`: turns a core module with component types into a component.

use std::error::Error;

use wit_component::ComponentEncoder;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1);
    let (Some(module), Some(component)) = (args.next(), args.next()) else {
        return Err("usage: encode MODULE COMPONENT".into());
    };
    let encoder = ComponentEncoder::default().module(&std::fs::read(module)?)?;
    std::fs::write(component, encoder.validate(true).encode()?)?;
    Ok(())
}
