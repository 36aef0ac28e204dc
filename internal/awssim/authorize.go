package awssim

import (
	"reflect"
	"strings"

	"cordon/internal/cloud"
)

// Check is one question that AWS asks IAM before it does a call: may this principal do this to this resource? A call
// asks several: CreateSnapshots one for the instance, one for each volume, one for the snapshots that it makes and,
// where it tags them, one for the tags. All have to be allowed.
//
// What a call asks follows the Service Authorization Reference. An operation without an entry in decided asks for its
// action on "*".
type Check struct {
	Call      int    // the number of the attempt, as Call.N
	Principal string // ARN
	Action    string // "ec2:CreateTags"
	Resource  string // ARN; of what is yet to be made "…:snapshot/*"; "*" where the action knows no resource
	// Context are the condition keys that AWS gives for this action and resource, with their values; a key that it does
	// not give is missing.
	Context map[string][]string
}

// Authorize decides one Check. It runs inside the account's lock and must not call the account.
type Authorize func(Check) bool

// permit asks about everything that the call needs. GetCallerIdentity needs nothing.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
func (x *request) permit() error {
	if x.acct.opts.Authorize == nil || x.Service == "STS" && x.Operation == "GetCallerIdentity" {
		return nil
	}
	for _, c := range x.checks() {
		if !x.allowed(c) {
			return denied(x.Call, c)
		}
	}
	return nil
}

// checks lists what the call asks, in AWS's order: the operation itself first.
func (x *request) checks() []Check {
	if f, ok := x.acct.decided[opKey{x.Service, x.Operation}]; ok {
		out := f(x)
		return append(out, x.askTableKeys(out)...)
	}
	return []Check{x.ask("", "*")}
}

func (x *request) allowed(c Check) bool {
	return x.acct.opts.Authorize == nil || x.acct.opts.Authorize(c)
}

// ask is a question about a resource; action "" is the operation's own.
func (x *request) ask(action, resource string, contexts ...map[string][]string) Check {
	if action == "" {
		action = cloud.IAMAction(x.Service, x.Operation)
	}
	c := Check{Call: x.N, Principal: x.Principal, Action: action, Resource: resource, Context: map[string][]string{
		"aws:PrincipalArn": {x.Principal}, "aws:RequestedRegion": {x.Region},
	}}
	if f := strings.SplitN(resource, ":", 6); len(f) == 6 && f[4] != "" {
		c.Context["aws:ResourceAccount"] = []string{f[4]}
	}
	for _, more := range contexts {
		for key, values := range more {
			c.Context[key] = values
		}
	}
	return c
}

// decisions says what operations ask; decide adds one from a typed function, keyed by the input type's name.
type decisions map[opKey]func(*request) []Check

func decide[I any](d decisions, service string, f func(*request, *I) []Check) {
	name := reflect.TypeFor[I]().Name()
	key := opKey{service, strings.TrimSuffix(name, "Input")}
	if _, dup := d[key]; dup {
		panic("awssim: operation decided twice: " + key.service + " " + key.operation)
	}
	d[key] = func(x *request) []Check { return f(x, x.Input.(*I)) }
}

// allDecisions lists every operation that asks about resources, a function a service.
func allDecisions() decisions {
	d := decisions{}
	decideInstances(d)
	decideGroups(d)
	decideEC2Tags(d)
	decideProfiles(d)
	decideRoles(d)
	decideUsers(d)
	decideManagedPolicies(d)
	decideBuckets(d)
	decideUploads(d)
	decideScaling(d)
	decideBalancers(d)
	decideSSM(d)
	decideSTS(d)
	decideNotices(d)
	decideDynamoDB(d)
	decideSQS(d)
	return d
}
