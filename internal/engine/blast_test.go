package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbv2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"cordon/internal/actions"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/cloud"
	"cordon/internal/config"
	"cordon/internal/engine"
	"cordon/internal/finding"
	"cordon/internal/notify"
)

const web2 = "i-0a1b2c3d4e5f60011"

// guarded is one state of the account and what the blast radius makes of a finding in it.
type guarded struct {
	name    string
	options awssim.Options
	edit    func(t *testing.T, r *rig)
	find    func(t *testing.T) finding.Finding // nil: on web-1
	asks    string                             // "": it is contained
	says    string                             // a concern that is only reported
	silent  string                             // what no concern may say
}

func onWeb(*testing.T) finding.Finding { return on(web, 1) }

func ok[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// leaveTargets takes web-2 out of the target group.
func leaveTargets(group, id string, port int32) func(*testing.T, *rig) {
	return func(t *testing.T, r *rig) {
		c := r.clients().ELBV2
		groups := ok[*elbv2.DescribeTargetGroupsOutput](t)(c.DescribeTargetGroups(t.Context(), &elbv2.DescribeTargetGroupsInput{Names: []string{group}}))
		ok[*elbv2.DeregisterTargetsOutput](t)(c.DeregisterTargets(t.Context(), &elbv2.DeregisterTargetsInput{
			TargetGroupArn: groups.TargetGroups[0].TargetGroupArn, Targets: []elbv2types.TargetDescription{{Id: &id, Port: &port}},
		}))
	}
}

func leaveClassic(t *testing.T, r *rig) {
	ok[*elb.DeregisterInstancesFromLoadBalancerOutput](t)(r.clients().ELB.DeregisterInstancesFromLoadBalancer(t.Context(), &elb.DeregisterInstancesFromLoadBalancerInput{
		LoadBalancerName: aws.String("web-classic"), Instances: []elbtypes.Instance{{InstanceId: aws.String(web2)}},
	}))
}

func minimum(n int32) func(*testing.T, *rig) {
	return func(t *testing.T, r *rig) {
		ok[*autoscaling.UpdateAutoScalingGroupOutput](t)(r.clients().AutoScaling.UpdateAutoScalingGroup(t.Context(), &autoscaling.UpdateAutoScalingGroupInput{
			AutoScalingGroupName: aws.String("web-asg"), MinSize: &n,
		}))
	}
}

func conf(f func(*config.Config)) func(*testing.T, *rig) {
	return func(_ *testing.T, r *rig) {
		f(&r.conf)
		r.Engine = r.engine(r.vault)
	}
}

func both(all ...func(*testing.T, *rig)) func(*testing.T, *rig) {
	return func(t *testing.T, r *rig) {
		for _, f := range all {
			f(t, r)
		}
	}
}

func role(name string) func(*testing.T) finding.Finding {
	return func(t *testing.T) finding.Finding { return identity(t, "Role", name, "AROA5EXAMPLE", "") }
}

func bot(t *testing.T) finding.Finding {
	return identity(t, "IAMUser", "deploy-bot", "AIDAEXAMPLE", "AKIAIOSFODNN7EXAMPLE")
}

func open(name string) func(t *testing.T) finding.Finding {
	return func(t *testing.T) finding.Finding {
		return about(t, "Policy:S3/BucketAnonymousAccessGranted", fmt.Sprintf(`{"resourceType":"S3Bucket","s3BucketDetails":[{"name":%q,"type":"Destination","owner":{"id":"x"}}]}`, name))
	}
}

const customers, evidenceBucket = "cordon-demo-customer-data", "cordon-evidence-111122223333"

// public lets everyone read the bucket.
func public(name, more string) func(*testing.T, *rig) {
	return func(t *testing.T, r *rig) {
		c := r.clients().S3
		ok[*s3.DeletePublicAccessBlockOutput](t)(c.DeletePublicAccessBlock(t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: &name}))
		ok[*s3.PutBucketPolicyOutput](t)(c.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: &name, Policy: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::` + name + `/*"}` + more + `]}`)}))
	}
}

func key(t *testing.T, r *rig) {
	ok[*iam.CreateAccessKeyOutput](t)(r.clients().IAM.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String("deploy-bot")}))
}

func guards() []guarded {
	asCaller := func(arn string) awssim.Options { return awssim.Options{Caller: arn} }
	return []guarded{
		{name: "another target is healthy", find: onWeb, silent: "last healthy"},
		{name: "the last target", edit: leaveTargets("web-tg", web2, 80), asks: "last healthy target of target group web-tg"},
		{name: "the last target, by address", edit: leaveTargets("metrics-tg", "10.20.1.11", 9090), asks: "last healthy target of target group metrics-tg"},
		{name: "the last target elsewhere", edit: leaveTargets("web-tg", web2, 80), find: func(*testing.T) finding.Finding { return on(db, 1) }},
		{name: "the last target, reported", says: "last healthy target", edit: both(leaveTargets("web-tg", web2, 80), conf(func(c *config.Config) {
			c.BlastRadius.LastHealthyTarget = config.Report
		}))},
		{name: "the last target, ignored", silent: "last healthy", edit: both(leaveTargets("web-tg", web2, 80), conf(func(c *config.Config) {
			c.BlastRadius.LastHealthyTarget = config.Ignore
		}))},
		{name: "the last of a classic balancer", edit: leaveClassic, asks: "last healthy instance of classic load balancer web-classic"},
		{name: "the group is at its minimum", edit: minimum(2), asks: "web-asg is at its minimum of 2"},
		{name: "the group is above its minimum", edit: minimum(1), silent: "minimum"},
		{name: "half of the group is contained", says: "2 of the 3 instances", edit: both(grow, lenient, containFirst)},
		{name: "half of the group is contained, which is much", asks: "2 of the 3 instances", edit: both(grow, lenient, containFirst, conf(func(c *config.Config) {
			c.BlastRadius.GroupShare.Then = config.Approve
		}))},
		{name: "half of the group is contained, which is not much", silent: "would be contained", edit: both(grow, lenient, containFirst, conf(func(c *config.Config) {
			c.BlastRadius.GroupShare = config.GroupShare{Percent: 70, Then: config.Approve}
		}))},
		{name: "a shared profile", asks: "1 other running instances", edit: conf(func(c *config.Config) {
			c.EC2.RevokeSharedRoles, c.BlastRadius.RoleUsers.Then = true, config.Approve
		})},
		{name: "a shared profile whose sessions stay", silent: "instance profile", edit: conf(func(c *config.Config) {
			c.BlastRadius.RoleUsers.Then = config.Approve
		})},
		{name: "the host of Cordon itself", options: asCaller("arn:aws:sts::111122223333:assumed-role/web-app-role/" + web), asks: "Cordon itself runs on the instance"},
		{name: "another host", options: asCaller("arn:aws:sts::111122223333:assumed-role/web-app-role/" + web2), silent: "Cordon"},
		{name: "a role of two instances", find: role("web-app-role"), says: "2 running instances in us-east-1 have the role"},
		{name: "a role of many instances", find: role("web-app-role"), asks: "2 running instances", edit: conf(func(c *config.Config) {
			c.BlastRadius.RoleUsers = config.RoleUsers{MoreThan: 1, Then: config.Approve}
		})},
		{name: "a role of few instances", find: role("web-app-role"), silent: "running instances", edit: conf(func(c *config.Config) {
			c.BlastRadius.RoleUsers = config.RoleUsers{MoreThan: 2, Then: config.Approve}
		})},
		{name: "a role of functions", options: asCaller("arn:aws:iam::111122223333:user/somebody"), find: role("cordon"), says: "lambda.amazonaws.com"},
		{name: "the role of live response", find: role("cordon-quarantine"), asks: "ec2.quarantine_profile", edit: conf(func(c *config.Config) { c.EC2 = withLiveResponse() })},
		{
			name: "the role of Cordon's state machine", find: role("cordon-state-machine-us-east-1"), asks: "state machine",
			options: asCaller("arn:aws:sts::111122223333:assumed-role/cordon-function-us-east-1/cordon"), edit: func(t *testing.T, r *rig) {
				if err := r.account.Edit(region, func(ed *awssim.Editor) error { ed.Role("/", "cordon-state-machine-us-east-1"); return nil }); err != nil {
					t.Fatal(err)
				}
			},
		},
		{name: "a user of one key", find: bot, silent: "other active access keys"},
		{name: "a user of two keys", find: bot, says: "other active access keys", edit: key},
		{name: "a user of two keys, who is asked about", find: bot, asks: "other active access keys", edit: both(key, conf(func(c *config.Config) {
			c.BlastRadius.UserInUse = config.Approve
		}))},
		{name: "a bucket", find: open(customers), silent: "website"},
		{name: "a website", find: open(customers), asks: "hosts a website", edit: both(website, conf(func(c *config.Config) { c.BlastRadius.Website = config.Approve }))},
		{name: "an origin of CloudFront", find: open(customers), says: "origin of CloudFront (distribution E1)", edit: public(customers,
			`,{"Effect":"Allow","Principal":{"Service":"cloudfront.amazonaws.com"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::`+customers+`/*",
			"Condition":{"StringEquals":{"AWS:SourceArn":"arn:aws:cloudfront::111122223333:distribution/E1"}}}`)},
		{name: "the bucket for evidence", find: open(evidenceBucket), asks: "Cordon's own, for evidence", edit: both(public(evidenceBucket, ""), conf(func(c *config.Config) {
			c.Vault = "s3://" + evidenceBucket + "/cordon"
		}))},
		{name: "another bucket for evidence", find: open(evidenceBucket), silent: "Cordon", edit: public(evidenceBucket, "")},
		{name: "what could not be read is said", says: "not known whether it is the last healthy target", options: without("DescribeTargetHealth")},
		{name: "what could not be read asks", asks: "not known whether it is the last healthy target", options: without("DescribeTargetHealth"), edit: conf(func(c *config.Config) {
			c.BlastRadius.Unknown = config.Approve
		})},
		{name: "what is only reported does not ask when it could not be read", find: role("web-app-role"), says: "not known who uses the role", options: without("ListInstanceProfilesForRole"), edit: conf(func(c *config.Config) {
			c.BlastRadius.Unknown = config.Approve
		})},
		{name: "what takes long is not waited for", says: "no answer within 1s", options: awssim.Options{Latency: func(c awssim.Call) time.Duration {
			if c.Operation == "DescribeTargetHealth" {
				return time.Minute
			}
			return time.Millisecond
		}}},
	}
}

// without refuses one operation, after the account was made.
func without(operation string) awssim.Options {
	return awssim.Options{Fault: func(c awssim.Call) awssim.Fault {
		if c.Operation == operation {
			return awssim.Fault{Before: awssim.Denied(c)}
		}
		return awssim.Fault{}
	}}
}

func website(t *testing.T, r *rig) {
	ok[*s3.PutBucketWebsiteOutput](t)(r.clients().S3.PutBucketWebsite(t.Context(), &s3.PutBucketWebsiteInput{
		Bucket: aws.String(customers), WebsiteConfiguration: &s3types.WebsiteConfiguration{IndexDocument: &s3types.IndexDocument{Suffix: aws.String("index.html")}},
	}))
}

// grow gives the group a third instance, in every balancer.
func grow(t *testing.T, r *rig) {
	ok[*autoscaling.SetDesiredCapacityOutput](t)(r.clients().AutoScaling.SetDesiredCapacity(t.Context(), &autoscaling.SetDesiredCapacityInput{
		AutoScalingGroupName: aws.String("web-asg"), DesiredCapacity: aws.Int32(3),
	}))
	time.Sleep(15 * time.Minute)
}

// lenient does not ask about balancers.
func lenient(t *testing.T, r *rig) {
	conf(func(c *config.Config) { c.BlastRadius.LastHealthyTarget = config.Report })(t, r)
}

// containFirst contains web-2, which leaves the group with that.
func containFirst(t *testing.T, r *rig) {
	if c := r.respond(t, on(web2, 1)); c.Status != casefile.Contained {
		t.Fatalf("web-2: %s, %s", c.Status, c.Reason)
	}
}

// TestBlastRadius: each guard in a state of the account where it changes the decision, and in one where it does not.
func TestBlastRadius(t *testing.T) {
	for _, tt := range guards() {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, tt.options, quiet())
				if tt.edit != nil {
					tt.edit(t, r)
				}
				if tt.find == nil {
					tt.find = onWeb
				}
				time.Sleep(time.Hour) // what is draining is gone
				before := r.account.Dump(awssim.DumpOptions{Snapshots: true})
				mail := &post{id: "notify.sns"}
				r.channels = []notify.Channel{mail}
				r.Engine = r.engine(r.vault)
				c := r.respond(t, tt.find(t))
				concerns := strings.Join(c.Concerns, "\n")
				if tt.silent != "" && strings.Contains(concerns, tt.silent) || !strings.Contains(concerns, tt.says) {
					t.Errorf("concerns: %s", concerns)
				}
				if len(mail.sent) == 0 || !strings.Contains(mail.sent[0].Reason, tt.asks) || !strings.Contains(mail.sent[0].Reason, tt.says) {
					t.Errorf("notices: %+v", mail.sent)
				}
				if tt.asks == "" {
					if c.Status == casefile.AwaitingApproval || c.Status == casefile.Failed {
						t.Errorf("%s: %s", c.Status, c.Reason)
					}
					return
				}
				if c.Status != casefile.AwaitingApproval || !strings.Contains(c.Reason, tt.asks) || !strings.Contains(concerns, tt.asks) {
					t.Errorf("%s: %s", c.Status, c.Reason)
				}
				for _, d := range awssim.Diff(before, r.account.Dump(awssim.DumpOptions{Snapshots: true})) {
					t.Error("changed:", d)
				}
			})
		})
	}
}

// TestPlanTellsConcerns: a plan says what would ask, and respond asks for the same.
func TestPlanTellsConcerns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, quiet())
		minimum(2)(t, r)
		planner := engine.New(engine.Options{Actions: actions.Catalog(), Config: r.conf, Clients: func(_ context.Context, account, region string) (*cloud.Clients, error) {
			c := cloud.ReadOnly(r.account.Config(region))
			return cloud.New(c, account), nil
		}})
		plans, err := planner.Plan(t.Context(), on(web, 1))
		if err != nil || len(plans) != 1 || len(plans[0].Concerns) != 1 || !plans[0].Concerns[0].Ask {
			t.Fatalf("%+v, %v", plans, err)
		}
		if c := r.respond(t, on(web, 1)); !slices.Equal(c.Concerns, []string{plans[0].Concerns[0].Text}) {
			t.Errorf("planned %+v, asked for %q", plans[0].Concerns, c.Concerns)
		}
	})
}

// TestAskedOnce: a case that waits is not told of again; once nothing asks any more it is contained; what was contained is
// never asked about.
func TestAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, quiet())
		minimum(2)(t, r)
		mail := &post{id: "notify.sns"}
		r.channels = []notify.Channel{mail}
		r.Engine = r.engine(r.vault)
		for count := 1; count < 3; count++ {
			if c := r.respond(t, on(web, count)); c.Status != casefile.AwaitingApproval {
				t.Fatalf("%s: %s", c.Status, c.Reason)
			}
		}
		if asked := statuses(mail.sent); !slices.Equal(asked, []string{"awaiting-approval"}) {
			t.Errorf("notices: %v", asked)
		}
		minimum(1)(t, r)
		c := r.respond(t, on(web, 3))
		if c.Status != casefile.Contained || len(c.Concerns) != 0 {
			t.Fatalf("%s: %s, %q", c.Status, c.Reason, c.Concerns)
		}
		leaveClassic(t, r) // what comes later does not stand in the way of containing what drifts
		attach(t, r, web)
		if c = r.respond(t, on(web, 4)); c.Status != casefile.Contained || !strings.Contains(string(r.record(t, c, "ec2.isolate-network").After), "eni-") {
			t.Errorf("%s: %s", c.Status, c.Reason)
		}
	})
}

func statuses(sent []notify.Notice) (out []string) {
	for _, n := range sent {
		if n.Event != notify.EventRepeat {
			out = append(out, n.Status)
		}
	}
	return out
}

// TestWalkAsks: another engine's walk leaves a case that waits alone, up to its end.
func TestWalkAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, quiet())
		minimum(2)(t, r)
		before := r.account.Dump(awssim.DumpOptions{Snapshots: true})
		c, _ := r.walk(t, on(web, 1), "w-1")
		c = ok[casefile.Case](t)(r.store.Case(t.Context(), c.ID))
		if c.Status != casefile.AwaitingApproval || c.Lease.Owner != "" {
			t.Errorf("%s: %s, held by %q", c.Status, c.Reason, c.Lease.Owner)
		}
		for _, d := range awssim.Diff(before, r.account.Dump(awssim.DumpOptions{Snapshots: true})) {
			t.Error("changed:", d)
		}
	})
}

// TestGuardsCostNoRound: with guards to read for, containment takes five round trips in a row all the same.
func TestGuardsCostNoRound(t *testing.T) {
	const most, call = 5, 40 * time.Millisecond
	for _, instance := range []string{web, batch, db} {
		t.Run(instance, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, latency(call), quiet())
				c := r.respond(t, on(instance, 1))
				if c.Status != casefile.Contained {
					t.Fatalf("%s: %s", c.Status, c.Reason)
				}
				rec := r.record(t, c, "ec2.isolate-network")
				if rounds := rec.Acted.Sub(rec.Started).Seconds() / call.Seconds(); rounds > most {
					t.Errorf("%.2f round trips in a row to the last interface isolated, want at most %d", rounds, most)
				}
				read := map[string]bool{}
				for _, call := range r.journal.Calls() {
					read[call.Operation] = true
				}
				if !read["DescribeTargetHealth"] || instance == web && !read["DescribeInstanceHealth"] {
					t.Errorf("the guards read nothing: %v", read)
				}
			})
		})
	}
}

// TestPreparedAndRefused: what containment prepared and could not take back leaves no way around the question, and goes
// with the next answer.
func TestPreparedAndRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		denied := true
		r := newRig(t, awssim.Options{Fault: func(c awssim.Call) awssim.Fault {
			if c.Operation == "DeleteSecurityGroup" && denied {
				return awssim.Fault{Before: awssim.Denied(c)}
			}
			return awssim.Fault{}
		}}, quiet())
		minimum(2)(t, r)
		before := r.account.Dump(awssim.DumpOptions{Snapshots: true})
		first := r.respond(t, on(web, 1))
		if left := awssim.Diff(before, r.account.Dump(awssim.DumpOptions{Snapshots: true})); len(left) == 0 || first.Status != casefile.AwaitingApproval {
			t.Fatalf("%s, left: %v", first.Status, left)
		}
		denied = false
		if c := r.respond(t, on(web, 2)); c.Status != casefile.AwaitingApproval || c.ID != first.ID {
			t.Errorf("%s: %s", c.Status, c.Reason)
		}
		for _, d := range awssim.Diff(before, r.account.Dump(awssim.DumpOptions{Snapshots: true})) {
			t.Error("changed:", d)
		}
		minimum(1)(t, r)
		if c := r.respond(t, on(web, 3)); c.Status != casefile.Contained {
			t.Errorf("%s: %s", c.Status, c.Reason)
		}
	})
}

// TestCancelledBeforeTouching: a caller who goes away while containment is prepared leaves nothing, and no way around the
// question.
func TestCancelledBeforeTouching(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, latency(40*time.Millisecond), quiet())
		minimum(2)(t, r)
		before := r.account.Dump(awssim.DumpOptions{Snapshots: true})
		ctx, cancel := context.WithTimeout(t.Context(), 70*time.Millisecond) // the groups are being made
		defer cancel()
		first := r.Respond(ctx, []finding.Finding{on(web, 1)})
		for _, d := range awssim.Diff(before, r.account.Dump(awssim.DumpOptions{Snapshots: true})) {
			t.Error("left:", d)
		}
		if c := r.respond(t, on(web, 1)); c.Status != casefile.AwaitingApproval || c.ID != first[0].Case.ID {
			t.Errorf("%s: %s", c.Status, c.Reason)
		}
		for _, d := range awssim.Diff(before, r.account.Dump(awssim.DumpOptions{Snapshots: true})) {
			t.Error("changed:", d)
		}
	})
}
