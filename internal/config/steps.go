package config

import (
	"maps"
	"slices"
)

// steps are the steps of the playbooks, with the reason why one cannot be switched off; "" where it can.
// A test holds the list against the playbooks.
var steps = map[string]string{
	"ec2.detach-asg":                    "",
	"ec2.isolate-network":               essential,
	"ec2.block-remote-ip":               "",
	"iam.revoke-instance-role-sessions": "",
	"ec2.protect-termination":           "",
	"ec2.protect-stop":                  "",
	"ec2.set-shutdown-behavior":         "",
	"ec2.preserve-volumes":              "",
	"ec2.tag":                           "",
	"ec2.snapshot-volumes":              "",
	"ec2.screenshot":                    "",
	"ec2.deregister-classic-elb":        "",
	"ec2.deregister-targets":            "",
	"ec2.map-paths":                     "it says what may still get through",
	"ec2.capture-metadata":              "",
	"ec2.quarantine-profile":            "",
	"ec2.live-response":                 "",
	"ec2.capture-memory":                "",
	"ec2.remove-profile":                "",
	"ec2.seal-network":                  "it closes what isolation leaves open for live response; leave ec2.live_response out instead",
	"iam.revoke-role-sessions":          essential,
	"iam.revoke-user-sessions":          essential,
	"iam.disable-access-key":            essential,
	"s3.block-public-access":            essential,
	"case.settle":                       "it says what was done",
}

const essential = "without it nothing is contained; write then: observe instead"

// Switchable lists the steps that a rule may switch off, sorted.
func Switchable() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(steps)), func(id string) bool { return steps[id] != "" })
}

// Fixed lists the steps that always run, sorted.
func Fixed() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(steps)), func(id string) bool { return steps[id] == "" })
}
