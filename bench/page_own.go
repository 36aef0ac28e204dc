package bench

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// floor says which calls must follow each other; TestContain counts them.
const floor = `Five calls have to follow each other, whatever is around the host:

| # | call | why not earlier |
|---:|---|---|
| 1 | DescribeNetworkInterfaces, beside everything else that is read | which interfaces there are, and their groups: what release puts back |
| 2 | CreateSecurityGroup, twice for each VPC | needs the VPC that 1 gives |
| 3 | AuthorizeSecurityGroup… and RevokeSecurityGroupEgress | a new group lets everything out and nothing in; rules need the group's id |
| 4 | ModifyNetworkInterfaceAttribute: into the all-access group | needs its rules. Makes live connections untracked |
| 5 | ModifyNetworkInterfaceAttribute: into the quarantine group | a connection ends only if it was untracked when its group went |

Without 4 it would be four, and connections that are open would stay open. Groups kept ready in each VPC would save 2 and 3; Cordon keeps
none, because they would have to be watched. After 5 come the removal of the all-access group and the reading back.`

// rounds writes what begins in each round trip until the host is cut off.
func (r *Report) rounds(p *page) {
	if len(r.Groups) == 0 {
		return
	}
	for _, row := range r.Groups[0].Rows[1:] {
		run := row.Runs[1]
		p.text("%s, 2 + 2 balancers: what begins in each round trip of 40 ms until the host is cut off.", row.Name)
		begun := make([]map[string]int, run.Contain/call40)
		for _, c := range run.Calls {
			n := int(c.Started.Sub(run.Began) / call40)
			if n >= len(begun) {
				continue
			}
			if begun[n] == nil {
				begun[n] = map[string]int{}
			}
			begun[n][c.Operation]++
		}
		var rows [][]string
		for i, ops := range begun {
			var names []string
			for _, name := range slices.Sorted(maps.Keys(ops)) {
				if n := ops[name]; n > 1 {
					name = fmt.Sprintf("%s × %d", name, n)
				}
				names = append(names, name)
			}
			rows = append(rows, []string{fmt.Sprint(i + 1), strings.Join(names, ", ")})
		}
		p.list([]string{"round", "calls begun"}, rows)
	}
}

func (r *Report) repeated(p *page) {
	p.text("## What is asked more than once")
	p.text("One response, 2 + 2 balancers, live response: operations called several times with the very same input. Before a change they could be shared; after one they are the " +
		"reading back; those of snapshots and commands wait for AWS.")
	var rows [][]string
	for _, a := range r.Asked {
		if a.Calls > a.Inputs {
			rows = append(rows, []string{a.Operation, fmt.Sprint(a.Calls), fmt.Sprint(a.Inputs), fmt.Sprint(a.AtOnce)})
		}
	}
	p.table([]string{"", "calls", "different inputs", "most begun at one moment with one input"}, rows)
}

func (r *Report) own(p *page) {
	p.text("## What Cordon itself costs")
	p.text("A step (record, do, read back, record) whose action calls nobody, within a whole response and with its share of all that the response does besides (budget: 1 ms):")
	var rows [][]string
	for _, o := range r.Overhead {
		rows = append(rows, []string{o.Store, fmt.Sprint(o.Steps), seconds(o.PerStep), seconds(o.CPU), seconds(o.Sync)})
	}
	p.table([]string{"store", "records a response", "a step", "processor", "one durable write of 4 KiB there"}, rows)
	p.text("A finding that comes again and brings nothing new, from its document to the answer, on one core (budget: 10,000 a second on SQLite). It takes two indexed reads " +
		"(is it suppressed? does the target's open case know it?) and no write:")
	rows = nil
	for _, x := range r.Repeats {
		rows = append(rows, []string{
			x.Store, fmt.Sprint(x.Open), fmt.Sprintf("%.0f", x.PerSecond), seconds(x.CPU), fmt.Sprintf("%.0f", perSecond(x)), fmt.Sprint(x.Allocs), fmt.Sprint(x.Calls),
		})
	}
	p.table([]string{"store", "open cases", "a second", "processor", "a second of processor time", "allocations", "calls to AWS"}, rows)
	p.text("New findings, each on an instance of its own, real actions; snapshots are left for a later run. Processor time is mostly the SDK's and the simulated account's, which runs in the same process:")
	rows = nil
	for _, w := range r.Workers {
		rows = append(rows, []string{
			w.Store, seconds(w.Latency), fmt.Sprint(w.Workers), fmt.Sprint(w.Findings), fmt.Sprintf("%.1f", w.PerSecond), seconds(w.Median), seconds(w.CPU),
		})
	}
	p.table([]string{"store", "a call", "workers", "findings", "a second", "contained, median", "processor, a finding"}, rows)
	p.text("A new finding where many cases are open, actions that call nobody:")
	rows = nil
	for _, s := range r.Stores {
		spent := seconds(s.CPU)
		if s.Calls > 0 {
			spent = "" // mostly the simulation's, which copies much
		}
		rows = append(rows, []string{s.Store, fmt.Sprint(s.Open), spent, fmt.Sprint(s.Calls)})
	}
	p.table([]string{"store", "open cases", "processor, a response", "calls to DynamoDB"}, rows)
}

func perSecond(x Repeats) float64 {
	if x.CPU <= 0 {
		return 0
	}
	return 1 / x.CPU.Seconds()
}

func (r *Report) programs(p *page) {
	b := r.Binaries
	p.text("## The programs")
	mib := func(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
	p.table([]string{strings.TrimSpace("linux/" + b.Arch), "", "budget"}, [][]string{
		{"Lambda function, zip", mib(b.Zip), "12 MiB"},
		{"Lambda function, from the process's start to its first AWS call (median of 11; fastest)", seconds(b.FirstCall) + "; " + seconds(b.Fastest), "60 ms"},
		{"Lambda function, most memory resident then", mib(b.Resident), "64 MiB"},
		{"`cordon version`, start to end (median of 21)", seconds(b.CLIStart), ""},
		{"`cordon`, size", mib(b.CLISize), ""},
	})
}
