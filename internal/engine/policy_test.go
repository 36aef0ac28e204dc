package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/config"
	"cordon/internal/engine"
	"cordon/internal/finding"
	"cordon/internal/notify"
	"cordon/internal/policy"
)

// policed is a rig under a policy.
func policed(t *testing.T, o awssim.Options, yaml string) (*rig, *post) {
	t.Helper()
	r := newRig(t, o, quiet())
	c, err := config.Parse("cordon.yaml", []byte("policy: {"+yaml+"}"), config.Default("/"))
	if err != nil {
		t.Fatal(err)
	}
	r.conf.Policy = c.Policy
	p := &post{id: "notify.slack"}
	r.channels = []notify.Channel{p}
	r.Engine = r.engine(r.vault)
	return r, p
}

func (r *rig) tag(t *testing.T, instance, key, value string) {
	t.Helper()
	_, err := r.clients().EC2.CreateTags(t.Context(), &ec2.CreateTagsInput{
		Resources: []string{instance}, Tags: []ec2types.Tag{{Key: &key, Value: &value}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// untouched holds the account against what it was, evidence in snapshots included.
func untouched(t *testing.T, r *rig, before map[string]any) {
	t.Helper()
	for _, d := range awssim.Diff(before, r.account.Dump(awssim.DumpOptions{Snapshots: true})) {
		t.Error("changed:", d)
	}
}

func journalHas(t *testing.T, r *rig, id, event, text string) {
	t.Helper()
	entries, err := r.store.Journal(t.Context(), id)
	if err != nil || !slices.ContainsFunc(entries, func(e casefile.Entry) bool { return e.Event == event && strings.Contains(e.Text, text) }) {
		t.Errorf("no %s entry with %q in %+v, %v", event, text, entries, err)
	}
}

// TestOutcomes: what is done, kept and said for each outcome but contain: nothing changes in the account.
func TestOutcomes(t *testing.T) {
	for _, tt := range []struct {
		name, policy string
		tag          string
		edit         func(*finding.Finding)
		want         casefile.Status
		reason       string
		quiet        bool // no evidence, no notice
	}{
		{name: "medium", edit: func(f *finding.Finding) { f.Severity = 5 }, want: casefile.AwaitingApproval, reason: "a person decides"},
		{name: "low", edit: func(f *finding.Finding) { f.Severity = 2 }, want: casefile.Observed, reason: "only looked at"},
		{name: "probe", edit: func(f *finding.Finding) {
			f.Type, f.ResourceRole = "Recon:EC2/PortProbeEMRUnprotectedPort", "TARGET"
		}, want: casefile.Observed, reason: "attacker's work"},
		{name: "exempt", tag: "load test until=2999-01-01", want: casefile.Observed, reason: "load test, until 2999-01-01"},
		{name: "exempt without a reason", tag: "true", want: casefile.AwaitingApproval, reason: "no reason"},
		{name: "rule by tag", policy: "rules: [{name: shop, match: {tags: {app: shop}}, then: approve}]", want: casefile.AwaitingApproval, reason: `"shop" wants a person's yes`},
		{name: "ignored", policy: "rules: [{name: noise, match: {types: ['Backdoor:*']}, then: ignore}]", want: casefile.Observed, reason: `"noise" says to ignore`, quiet: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, slack := policed(t, awssim.Options{}, tt.policy)
				if tt.tag != "" {
					r.tag(t, web, "cordon:exempt", tt.tag)
				}
				before := r.account.Dump(awssim.DumpOptions{Snapshots: true})
				f := on(web, 1)
				if tt.edit != nil {
					tt.edit(&f)
				}
				c := r.respond(t, f)
				if c.Status != tt.want || !strings.Contains(c.Reason, tt.reason) || len(c.Unanswered) != 0 {
					t.Errorf("case %s: %s, unanswered %v", c.Status, c.Reason, c.Unanswered)
				}
				untouched(t, r, before)
				told := 1
				if tt.quiet {
					told = 0
					journalHas(t, r, c.ID, "ignored", "noise")
				}
				pieces := told
				if tt.want == casefile.AwaitingApproval {
					pieces = 2 // and the plan that is asked about
				}
				if len(slack.sent) != told || len(c.Evidence) != pieces {
					t.Errorf("%d notices, %d pieces of evidence, want %d", len(slack.sent), len(c.Evidence), told)
				}
				calls := r.account.Calls()
				if again := r.respond(t, f); again.ID != c.ID || again.Status != tt.want || r.account.Calls() != calls || len(slack.sent) != told {
					t.Errorf("a duplicate: %s, %d calls, %d notices", again.Status, r.account.Calls()-calls, len(slack.sent))
				}
			})
		})
	}
}

// TestTagsCannotBeRead: a person is asked, for every kind whose tags are read; nothing is changed.
func TestTagsCannotBeRead(t *testing.T) {
	for operation, f := range map[string]finding.Finding{
		"DescribeInstances": on(web, 1),
		"GetUser":           aboutTarget("iam.user", "deploy-bot"),
		"GetBucketTagging":  aboutTarget("s3.bucket", "cordon-demo-customer-data"),
	} {
		t.Run(operation, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, slack := policed(t, awssim.Options{Fault: func(c awssim.Call) awssim.Fault {
					if c.Operation == operation {
						return awssim.Fault{Before: awssim.Denied(c)}
					}
					return awssim.Fault{}
				}}, "")
				before := r.account.Dump(awssim.DumpOptions{Snapshots: true})
				c := r.respond(t, f)
				if c.Status != casefile.AwaitingApproval || !strings.Contains(c.Reason, "cannot be read") || !strings.Contains(c.Reason, "api error") {
					t.Errorf("case %s: %s", c.Status, c.Reason)
				}
				untouched(t, r, before)
				if len(slack.sent) != 1 || c.Rule != "builtin/tags-unknown" {
					t.Errorf("%d notices, rule %s", len(slack.sent), c.Rule)
				}
			})
		})
	}
}

func aboutTarget(kind finding.Kind, id string) finding.Finding {
	f := on(id, 1)
	f.Kind, f.Targets[0].Kind = kind, kind
	if kind.Global() {
		f.Targets[0].Region = "aws-global"
	}
	return f
}

// TestTagsAreRead: the tags of each kind exempt it.
func TestTagsAreRead(t *testing.T) {
	for _, tt := range []struct {
		f   finding.Finding
		tag func(*rig) error
	}{
		{on(db, 1), func(r *rig) error {
			_, err := r.clients().EC2.CreateTags(context.Background(), &ec2.CreateTagsInput{
				Resources: []string{db}, Tags: []ec2types.Tag{{Key: aws.String("cordon:exempt"), Value: aws.String("load test")}},
			})
			return err
		}},
		{aboutTarget("s3.bucket", "cordon-demo-customer-data"), func(r *rig) error {
			_, err := r.clients().S3.PutBucketTagging(context.Background(), &s3.PutBucketTaggingInput{
				Bucket: aws.String("cordon-demo-customer-data"), Tagging: &s3types.Tagging{TagSet: []s3types.Tag{{Key: aws.String("cordon:exempt"), Value: aws.String("load test")}}},
			})
			return err
		}},
		{aboutTarget("iam.user", "loader"), func(r *rig) error {
			_, err := r.clients().IAM.CreateUser(context.Background(), &iam.CreateUserInput{
				UserName: aws.String("loader"), Tags: []iamtypes.Tag{{Key: aws.String("cordon:exempt"), Value: aws.String("load test")}},
			})
			return err
		}},
		{aboutTarget("iam.role", "loaders"), func(r *rig) error {
			_, err := r.clients().IAM.CreateRole(context.Background(), &iam.CreateRoleInput{
				RoleName: aws.String("loaders"), Tags: []iamtypes.Tag{{Key: aws.String("cordon:exempt"), Value: aws.String("load test")}},
				AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`),
			})
			return err
		}},
	} {
		t.Run(string(tt.f.Kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, _ := policed(t, awssim.Options{}, "")
				if err := tt.tag(r); err != nil {
					t.Fatal(err)
				}
				before := r.account.Dump(awssim.DumpOptions{Snapshots: true})
				if c := r.respond(t, tt.f); c.Status != casefile.Observed || !strings.Contains(c.Reason, "load test") {
					t.Errorf("case %s: %s", c.Status, c.Reason)
				}
				untouched(t, r, before)
			})
		})
	}
}

// TestExemptLater: what is contained stays so, and stays settled, when its target is exempted afterwards.
func TestExemptLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := policed(t, awssim.Options{}, "")
		c := r.respond(t, on(web, 1))
		r.tag(t, web, "cordon:exempt", "load test")
		before := r.account.Dump(awssim.DumpOptions{Snapshots: true})
		again := r.respond(t, on(web, 2))
		if again.ID != c.ID || again.Status != casefile.Contained || !again.Settled || len(again.Unanswered) != 0 || again.Lease.Owner != "" {
			t.Errorf("case %+v", again)
		}
		untouched(t, r, before)
	})
}

// TestStepsLeftOut: a rule's steps are left out, also where only the tags say that it is the rule, also for a run that goes
// on later; a second finding whose rule wants them gets them.
func TestStepsLeftOut(t *testing.T) {
	for name, match := range map[string]string{"by type": "types: ['Backdoor:*']", "by tag": "types: ['Backdoor:*'], tags: {app: shop}"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, _ := policed(t, awssim.Options{}, "rules: [{name: r, match: {"+match+"}, then: contain, steps: {ec2.snapshot-volumes: false, ec2.detach-asg: false}}]")
				before := r.account.Dump(awssim.DumpOptions{})
				c := r.respond(t, on(web, 1))
				if c.Status != casefile.Contained || c.Rule != "r" || !slices.Equal(c.Off, []string{"ec2.detach-asg", "ec2.snapshot-volumes"}) {
					t.Fatalf("case %s by %s without %q: %s", c.Status, c.Rule, c.Off, c.Reason)
				}
				for _, id := range c.Off {
					if _, found, err := r.store.Record(t.Context(), c.ID, id); found || err != nil {
						t.Errorf("%s was run, %v", id, err)
					}
				}
				if v, err := r.Verify(t.Context(), c.ID); err != nil || !v.Holds {
					t.Errorf("verify: %+v, %v", v, err)
				}
				more := on(web, 1)
				more.ID, more.Type = "f-other", "Trojan:EC2/DropPoint"
				more.Raw = []byte(strings.ReplaceAll(string(more.Raw), "f-"+web, "f-other"))
				if c = r.respond(t, more); len(c.Off) != 0 || c.Status != casefile.Contained {
					t.Errorf("with another finding: %s without %q", c.Status, c.Off)
				}
				r.record(t, c, "ec2.snapshot-volumes")
				if c, err := r.Release(t.Context(), c.ID, engine.ReleaseOptions{}); err != nil || c.Status != casefile.Released {
					t.Errorf("release: %s %s, %v", c.Status, c.Reason, err)
				}
				restored(t, r, before)
			})
		})
	}
}

// TestQuestionAfterLooking: a case that was only looked at asks when a later finding wants it to, and is contained when
// another one wants that.
func TestQuestionAfterLooking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, slack := policed(t, awssim.Options{}, "")
		var ids []string
		for i, want := range []casefile.Status{casefile.Observed, casefile.AwaitingApproval, casefile.AwaitingApproval, casefile.Contained} {
			f := on(web, 1)
			f.ID = fmt.Sprintf("f-%d", i)
			f.Raw = []byte(strings.ReplaceAll(string(f.Raw), "f-"+web, f.ID))
			f.Severity = []float64{2, 5, 2, 8}[i]
			c := r.respond(t, f)
			if c.Status != want {
				t.Errorf("finding %d: %s %s, want %s", i, c.Status, c.Reason, want)
			}
			ids = append(ids, c.ID)
		}
		if len(slices.Compact(ids)) != 1 || len(slack.sent) < 3 {
			t.Errorf("cases %v, %d notices", ids, len(slack.sent))
		}
	})
}

// TestOwnCallIsObserved: a finding whose actor is the caller itself is looked at, never answered.
func TestOwnCallIsObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := policed(t, awssim.Options{}, "builtin: contain-all")
		me, err := r.clients().STS.GetCallerIdentity(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, name, _ := strings.Cut(aws.ToString(me.Arn), "/")
		name, _, _ = strings.Cut(name, "/")
		f := on(web, 1)
		f.Type = "Persistence:IAMUser/AnomalousBehavior"
		f.Identity = &finding.Identity{UserType: "AssumedRole", UserName: name}
		if strings.Contains(aws.ToString(me.Arn), ":user/") {
			f.Identity.UserType = "IAMUser"
		}
		before := r.account.Dump(awssim.DumpOptions{Snapshots: true})
		if c := r.respond(t, f); c.Status != casefile.Observed || !strings.Contains(c.Reason, "Cordon's own calls") {
			t.Errorf("case %s: %s (caller %s)", c.Status, c.Reason, aws.ToString(me.Arn))
		}
		untouched(t, r, before)
		f.Identity.UserName = "somebody"
		f.Raw = []byte(strings.ReplaceAll(string(f.Raw), `"count":1`, `"count":2`))
		f.Count = 2
		if c := r.respond(t, f); c.Status != casefile.Contained {
			t.Errorf("of another's call: %s: %s", c.Status, c.Reason)
		}
	})
}

// TestBadCredentialsAreSaid: where tags cannot be read because nothing can be, that is what is said; nobody is asked.
func TestBadCredentialsAreSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mended := false
		r, _ := policed(t, awssim.Options{Fault: func(c awssim.Call) awssim.Fault {
			if !mended && (c.Operation == "DescribeInstances" || c.Operation == "GetCallerIdentity") {
				return awssim.Fault{Before: awssim.Denied(c)}
			}
			return awssim.Fault{}
		}}, "rules: [{name: shop, match: {tags: {app: shop}}, then: approve}]")
		before := r.account.Dump(awssim.DumpOptions{Snapshots: true})
		results := r.Respond(t.Context(), []finding.Finding{on(web, 1)})
		var setup *engine.SetupError
		if !errors.As(results[0].Err, &setup) || results[0].Case.Status != casefile.Failed {
			t.Errorf("got %s, %v", results[0].Case.Status, results[0].Err)
		}
		mended = true
		if c := r.respond(t, on(web, 1)); c.ID != results[0].Case.ID || c.Status != casefile.AwaitingApproval || c.Rule != "shop" {
			t.Errorf("once that is mended: %s %s", c.Status, c.Reason)
		}
		untouched(t, r, before)
	})
}

// TestFactsHook: facts may come from elsewhere, and are asked for only where they matter.
func TestFactsHook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := policed(t, awssim.Options{}, "")
		asked := 0
		e := r.engineWith(func(o *engine.Options) {
			o.Facts = func(context.Context, finding.Target) policy.Facts {
				asked++
				return policy.Facts{Tags: map[string]string{"cordon:exempt": "from elsewhere"}}
			}
		})
		low := on(db, 1)
		low.Severity = 1
		for _, f := range []finding.Finding{low, on(web, 1)} {
			if res := e.Respond(t.Context(), []finding.Finding{f}); res[0].Err != nil || res[0].Case.Status != casefile.Observed {
				t.Errorf("%s %s, %v", res[0].Case.Status, res[0].Case.Reason, res[0].Err)
			}
		}
		if asked != 1 {
			t.Errorf("asked %d times", asked)
		}
	})
}

// TestPlanByPolicy: a plan says what policy says with the live tags, and what a yes would bring about.
func TestPlanByPolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := policed(t, awssim.Options{Latency: func(awssim.Call) time.Duration { return time.Millisecond }},
			"rules: [{name: shop, match: {tags: {app: shop}}, then: approve, steps: {ec2.tag: false}}]")
		plans, err := r.Plan(t.Context(), on(web, 1))
		if err != nil || plans[0].Decision.Rule != "shop" || plans[0].Decision.Outcome != policy.Approve || len(plans[0].Steps) == 0 {
			t.Fatalf("%+v, %v", plans, err)
		}
		for _, s := range plans[0].Steps {
			if s.Action == "ec2.tag" {
				t.Error("a step that is left out is planned")
			}
		}
		r.tag(t, web, "cordon:exempt", "load test")
		if plans, err = r.Plan(t.Context(), on(web, 1)); err != nil || plans[0].Decision.Outcome != policy.Observe || len(plans[0].Steps) != 0 {
			t.Errorf("exempt: %+v, %v", plans, err)
		}
	})
}
