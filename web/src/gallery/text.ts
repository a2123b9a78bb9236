// A text with everything that Markdown has.

const CODE = Array.from(
  { length: 45 },
  (_, index) => `    total_${index} = weights[${index}] * inputs[${index}]  # term ${index}`,
).join('\n');

export const TEXT = `# How the migration goes

The schema changes in **three steps**, each of which can be *rolled back* by itself. See [the manual](https://example.com/manual) for ~~the old way~~ the details, or run \`troupe migrate --dry-run\` first.

## What is done

1. Take a snapshot of the store.
2. Apply the changes:
   - add the column \`managed_by\`,
   - fill it from the annotations,
   - make it required.
3. Watch the error rate for ten minutes.

- [x] Snapshot taken
- [ ] Replicas restarted

> Nothing is deleted before the second release. A rollback in between loses no data.

| Step | Duration | Rows | Risk |
|:-----|---------:|-----:|:----:|
| Snapshot | 3.2 s | 0 | low |
| Add column | 0.4 s | 1,204,118 | low |
| Fill it from annotations | 41.7 s | 1,204,118 | medium |

\`\`\`rust
/// Reads the owner of a manifest.
pub fn owner(manifest: &Manifest) -> Option<&str> {
    match manifest.annotations.get("troupe.dev/owner") {
        Some(owner) if !owner.is_empty() => Some(owner),
        _ => None, // nobody owns it
    }
}
\`\`\`

\`\`\`sql
SELECT name, count(*) AS uses FROM manifests WHERE managed_by IS NULL GROUP BY name ORDER BY uses DESC LIMIT 10;
\`\`\`

The cost of a step is $c = \\sum_{i=1}^{n} w_i x_i$, so that the whole takes

$$
T(n) = \\int_0^n \\frac{1}{1 + e^{-x}} \\, dx \\approx n - \\ln 2
$$

### The long part

\`\`\`python
def forward(weights, inputs):
${CODE}
    return sum(value for name, value in locals().items() if name.startswith("total_"))
\`\`\`

![Throughput over the day](https://example.com/throughput.png)

<details>
<summary>What the old version did</summary>

It asked **every** replica, one after the other.

</details>

---

Press <kbd>Ctrl</kbd> + <kbd>C</kbd> to stop. H<sub>2</sub>O, E = mc<sup>2</sup>.`;
