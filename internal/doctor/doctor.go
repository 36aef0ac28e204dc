// Package doctor says what would not work, before Cordon is deployed and after: each check looks at one thing in the
// account and Region that Cordon is to answer in, and gives what it found with its remedy.
//
// It only reads. The clients that it makes are guarded (cloud.ReadOnly): besides reads, only simulations of IAM policies
// and EC2's dry runs get through, and neither changes anything.
//
//	caller ─▶ every check side by side ─▶ results, in one order
//	   └─ AWS does not take the credentials: that alone
//
// A check that AWS refuses, or that fails, stops no other: its result says that it could not be made, and why.
package doctor

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"cordon/internal/config"
)

// Severity is how bad a result is.
type Severity string

// The severities, from good to bad.
const (
	OK      Severity = "ok"
	Note    Severity = "note"    // a limit to know of; everything works
	Warning Severity = "warning" // something works worse than it could, or could not be checked
	Problem Severity = "problem" // something will not work
)

// Result is one thing that was looked at.
type Result struct {
	Check     string   `json:"check"` // "guardduty.detector"; what is before the dot groups results
	Severity  Severity `json:"severity"`
	Subject   string   `json:"subject"`   // what it is about: a VPC, a bucket, a permission; "" for account and Region
	Found     string   `json:"found"`     // one sentence; may hold names that strangers chose
	Remedy    string   `json:"remedy"`    // a command or a setting; "" where there is nothing to do
	Unchecked bool     `json:"unchecked"` // it could not be looked at, and Found says why
}

// Options are what to examine.
type Options struct {
	AWS        aws.Config // credentials and Region, both of which it must have
	Config     config.Config
	ConfigFile string                           // where Config is from, for remedies; "" for the defaults
	Principal  string                           // ARN of the user or role whose permissions count; "" for the caller's
	LookupEnv  func(key string) (string, bool)  // os.LookupEnv
	Stat       func(path string) (exists error) // whether a file can be read
}

// The checks of the credentials, and of the principal that was given. When the result of either is a Problem, no other
// check was made.
const (
	CheckCaller    = "identity.caller"
	CheckPrincipal = "identity.principal"
)

// patience is how long one check may take, retries included.
const patience = time.Minute

// Run makes every check, side by side. The order of the results does not depend on which came first.
func Run(ctx context.Context, o Options) []Result {
	p := newPatient(o)
	who, ok := p.identify(ctx)
	if !ok {
		return who
	}
	p.share(ctx)
	all := checks()
	found := make([][]Result, len(all))
	var wg sync.WaitGroup
	for i, c := range all {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			results, err := c.run(ctx, p)
			if err != nil {
				results = append(results, p.unchecked(c.name, "", err))
			}
			found[i] = results
		})
	}
	wg.Wait()
	out := who
	for _, results := range found {
		out = append(out, results...)
	}
	return out
}

// check looks at one thing. What it found before an error counts too; the error becomes a result under its name.
type check struct {
	name string
	run  func(context.Context, *patient) ([]Result, error)
}

// checks lists them in the order of their results.
func checks() []check {
	return []check{
		{"guardduty.detector", checkGuardDuty},
		{"permissions.policy", checkPermissions},
		{"network.paths", checkPaths},
		{"network.groups", checkGroupQuota},
		{"ssm.instances", checkManaged},
		{"ssm.endpoints", checkEndpoints},
		{"ssm.profile", checkProfile},
		{"memory.tool", checkMemory},
		{"ebs.encryption", checkEncryption},
		{"iam.sso", checkSSO},
		{"evidence.vault", checkVault},
		{"store.table", checkStore},
		{"store.file", checkFile},
		{"store.operator", checkOperator},
		{"notify.sns", checkTopic},
		{"notify.secrets", checkSecrets},
		{"notify.securityhub", checkHub},
	}
}

// one is the answer of a check that found one thing.
func one(r Result) ([]Result, error) { return []Result{r}, nil }
