package bench

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Baseline is one reference system's own calls for one finding, in order. It makes one after another.
type Baseline struct {
	Name  string // of its file
	Title string // for people
	Calls []BaselineCall
}

// BaselineCall is one call with the fixed sleep before it.
type BaselineCall struct {
	Sleep              time.Duration
	Service, Operation string
}

//go:embed testdata/baseline/*.tsv
var recorded embed.FS

// The recordings: one EC2 finding, an instance with two interfaces and three volumes.
const (
	SampleNoSSM = "aws-sample-2-balancers-2-target-groups-no-ssm"
	Sample      = "aws-sample-2-balancers-2-target-groups"
	SampleLarge = "aws-sample-20-balancers-50-target-groups"
	Terraform   = "terraform-project-2-enis"
)

var titles = map[string]string{
	SampleNoSSM: "AWS sample, 2 + 2 balancers, host not in SSM",
	Sample:      "AWS sample, 2 + 2 balancers",
	SampleLarge: "AWS sample, 20 + 50 balancers",
	Terraform:   "Terraform project, isolation alone",
}

// ReadBaseline gives a recording by its name.
func ReadBaseline(name string) (Baseline, error) {
	raw, err := recorded.ReadFile("testdata/baseline/" + name + ".tsv")
	if err != nil {
		return Baseline{}, fmt.Errorf("read recording %s: %w", name, err)
	}
	b := Baseline{Name: name, Title: titles[name]}
	for n, line := range strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n") {
		f := strings.Split(line, "\t")
		if len(f) != 3 {
			return b, fmt.Errorf("read recording %s: line %d has %d fields, not 3", name, n+1, len(f))
		}
		if n == 0 {
			continue // the heading
		}
		ms, err := strconv.Atoi(f[0])
		if err != nil || ms < 0 {
			return b, fmt.Errorf("read recording %s: line %d: %q is no number of milliseconds", name, n+1, f[0])
		}
		b.Calls = append(b.Calls, BaselineCall{time.Duration(ms) * time.Millisecond, f[1], f[2]})
	}
	return b, nil
}

// Containing is the index of the call after which the host is cut off: the last one that puts an interface into another group, or, where rules
// are taken from the group after that, the last of those.
func (b Baseline) Containing() int {
	last := -1
	for i, c := range b.Calls {
		switch {
		case c.Operation == "ModifyNetworkInterfaceAttribute",
			last >= 0 && strings.HasPrefix(c.Operation, "RevokeSecurityGroup"):
			last = i
		}
	}
	return last
}

// Slept is the sum of the fixed sleeps before and between the first n calls.
func (b Baseline) Slept(n int) (sum time.Duration) {
	for _, c := range b.Calls[:n] {
		sum += c.Sleep
	}
	return sum
}
