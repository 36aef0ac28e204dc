package awssim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"cordon/internal/awssim"
	"cordon/internal/cloud"
	"cordon/internal/mototest"
)

// The differential suite makes the same calls, right and wrong, on the simulated account and on moto, somebody
// else's reading of AWS, and compares answers and error codes.

// vars carries what one step learns to those after it.
type vars map[string]string

// step is one call. Its answer is what matters of the SDK's, or all of it.
type step struct {
	name string
	do   func(ctx context.Context, c *cloud.Clients, v vars) (any, error)
}

// sequence is steps on an empty account.
type sequence struct {
	name  string
	steps []step
}

// difference is a known one: both outcomes as outcome gives them, which side AWS's documentation agrees with, and
// where it says so.
type difference struct {
	sim, moto string
	right     string // "sim", "moto", "both" (unspecified), or "neither"
	source    string
}

// differential runs sequences on both sides. Every difference must be in known, by "sequence/step", just as it is
// there; one in known that no longer occurs is a failure too.
func differential(t *testing.T, sequences []sequence, known map[string]difference) {
	t.Helper()
	differentialOn(t, func(*testing.T) *awssim.Account {
		return awssim.New(awssim.Options{AccountID: mototest.Account, TransitionTime: 1, SnapshotTime: 1, CommandTime: 1})
	}, sequences, known)
}

// differentialOn is differential with simulated accounts that newSim makes, one a sequence.
func differentialOn(t *testing.T, newSim func(*testing.T) *awssim.Account, sequences []sequence, known map[string]difference) {
	t.Helper()
	moto := mototest.Start(t)
	moto.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	met := map[string]bool{}
	for _, seq := range sequences {
		t.Run(seq.name, func(t *testing.T) {
			mototest.Reset(t, moto)
			sim := newSim(t)
			theirs := outcomes(t.Context(), cloud.New(moto, mototest.Account), seq)
			ours := outcomes(t.Context(), cloud.New(sim.Config("us-east-1"), mototest.Account), seq)
			for i, s := range seq.steps {
				id := seq.name + "/" + s.name
				d, listed := known[id]
				met[id] = true
				switch {
				case ours[i] == theirs[i] && listed:
					t.Errorf("%s: listed as a difference, but both sides answer %s", id, ours[i])
				case ours[i] != theirs[i] && !listed:
					t.Errorf("%s:\n sim  %s\n moto %s", id, ours[i], theirs[i])
				case listed && (d.sim != ours[i] || d.moto != theirs[i]):
					t.Errorf("%s: the difference is another than the one listed:\n sim  %s\n moto %s", id, ours[i], theirs[i])
				case listed && (d.source == "" || d.right == ""):
					t.Errorf("%s: a difference needs a side that is right and a source", id)
				}
			}
		})
	}
	for id := range known {
		if !met[id] {
			t.Errorf("%s: listed as a difference, but there is no such step", id)
		}
	}
}

// outcomes runs a sequence and gives each step's outcome: "ok" and the answer as JSON, or "error" and the AWS code.
func outcomes(ctx context.Context, c *cloud.Clients, seq sequence) []string {
	v, n := vars{}, normaliser{}
	var out []string
	for _, s := range seq.steps {
		answer, err := s.do(ctx, c, v)
		out = append(out, n.outcome(answer, err))
	}
	return out
}

// normaliser replaces what each side names for itself by the order in which it first appears.
type normaliser map[string]string

var own = regexp.MustCompile(
	`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}` + // UUIDs
		`|\b(?:i|eni|eni-attach|sg|sgr|vpc|vpce|subnet|vol|snap|rtb|rtbassoc|igw|nat|acl|aclassoc|iip-assoc|r|ami|pl)-[0-9a-f]{8,17}\b` +
		`|\b(?:AIDA|AROA|AIPA|ANPA|AKIA|ASIA)[0-9A-Z]{12,17}\b` +
		`|/[0-9a-f]{16}\b`) // the last parts of a load balancer's or target group's ARN

var (
	ownKind  = regexp.MustCompile(`^(?:[a-z-]+-|A[A-Z]{3}|/)`)
	dateTime = regexp.MustCompile(`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[^"]*"`)
)

func (n normaliser) outcome(answer any, err error) string {
	if err != nil {
		if code := cloud.Code(err); code != "" {
			return "error " + code
		}
		return "error without a code"
	}
	raw, err := json.Marshal(answer)
	if err != nil {
		return "unprintable: " + err.Error()
	}
	text := dateTime.ReplaceAllString(string(raw), `"time"`)
	return "ok " + own.ReplaceAllStringFunc(text, func(id string) string {
		if n[id] == "" {
			n[id] = ownKind.FindString(id) + "#" + strconv.Itoa(len(n)+1)
		}
		return n[id]
	})
}

// done is the answer of a step of which only success matters.
func done[O any](_ *O, err error) (any, error) { return "done", err }

func TestNormaliser(t *testing.T) {
	n := normaliser{}
	got := []string{
		n.outcome(map[string]any{"a": "i-0123456789abcdef0", "b": "sg-01234567", "t": time.Now()}, nil),
		n.outcome([]string{"sg-01234567", "arn:aws:iam::1:role/AROA", "AROAABCDEFGHIJKLMNOP"}, nil),
		n.outcome(nil, awssim.Throttled(awssim.Call{Service: "EC2"})),
		n.outcome(nil, fmt.Errorf("broken")),
	}
	want := []string{
		`ok {"a":"i-#1","b":"sg-#2","t":"time"}`,
		`ok ["sg-#2","arn:aws:iam::1:role/AROA","AROA#3"]`,
		"error RequestLimitExceeded",
		"error without a code",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
