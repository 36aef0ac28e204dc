package bench

import (
	"time"

	"cordon/internal/awssim"
)

// Report is everything measured.
type Report struct {
	Groups    []Group
	Asked     []Asked
	Throttled []Throttled
	Growth    []Grown
	Overhead  []Overhead
	Repeats   []Repeats
	Workers   []Workers
	Stores    []StoreSize
	Binaries  Binaries
	Machine   Machine
}

// Group is what was measured on one scene.
type Group struct {
	Scene string
	Rows  []Row
}

// Row is one system's runs with calls of 0, 40 and 120 ms. The first is on the real clock.
type Row struct {
	Name   string
	Cordon bool
	Runs   [3]Run
}

var sceneTitles = map[string]string{
	Sample:      "2 classic balancers, 2 target groups; live response over Systems Manager",
	SampleLarge: "20 classic balancers, 50 target groups; live response over Systems Manager",
	SampleNoSSM: "2 classic balancers, 2 target groups; Systems Manager does not reach the host",
	Terraform:   "The Terraform project isolates and does nothing else; the host is that of the first table",
}

// Asked is how often an operation was called in one response.
type Asked struct {
	Operation string
	Calls     int
	Inputs    int // different ones
	AtOnce    int // the most calls with one input that began at one moment
}

// Throttled is one system's runs with 30 % of all calls refused.
type Throttled struct {
	Name, Scene string
	Of          int
	Contained   []time.Duration // the host was cut off, sorted
	Whole       int             // nothing failed for good
	Attempts    int             // in all runs
}

// Grown is a response to an instance with much around it, at 40 ms a call.
type Grown struct {
	awssim.LargeOptions
	Run
}

// Overhead is what one step costs where its action calls nobody.
type Overhead struct {
	Store   string
	Steps   int
	PerStep time.Duration // of the response's time, start to end
	CPU     time.Duration // of the processor's time
	Sync    time.Duration // one durable write to that disk; 0 for none
}

// Repeats is how many deliveries of a known finding are suppressed.
type Repeats struct {
	Store     string
	Open      int           // cases in the store
	PerSecond float64       // on the clock
	CPU       time.Duration // of a delivery
	Allocs    uint64        // of a delivery
	Calls     int           // of a delivery, to AWS
}

// Workers is how many new findings are answered.
type Workers struct {
	Store     string
	Latency   time.Duration
	Workers   int
	Findings  int
	PerSecond float64       // on the clock
	CPU       time.Duration // of a finding, the SDK and the simulated account included
	Median    time.Duration // to contain
}

// StoreSize is what a new finding costs in a store with many open cases.
type StoreSize struct {
	Store string
	Open  int
	CPU   time.Duration // of a response whose actions call nobody
	Calls int           // to the store; 0 for a file
}

// Binaries are the programs as they are built for release.
type Binaries struct {
	Arch                string
	Zip, Size, Resident int64
	FirstCall, Fastest  time.Duration // from the start of the function's process
	CLISize             int64
	CLIStart            time.Duration // cordon version, from start to end
}

// Machine is what it was measured on.
type Machine struct {
	Date, Go, System, CPU string
	Cores                 int
	Load                  string
}
