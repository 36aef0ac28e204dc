// Package examples holds findings of Cordon's own making, which name the simulated account's resources, and a
// configuration that goes with them.
package examples

import "embed"

// Findings are the example findings, in findings/, in EventBridge shape.
//
//go:embed findings/*.json
var Findings embed.FS

// Config is an example cordon.yaml.
//
//go:embed cordon.yaml
var Config []byte
