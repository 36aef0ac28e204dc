package actions_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"cordon/internal/action"
	"cordon/internal/action/actiontest"
	"cordon/internal/actions"
	"cordon/internal/awssim"
)

type settings = map[string]any

const quarantine = "arn:aws:iam::" + awssim.DefaultAccount + ":instance-profile/cordon-quarantine"

// spot is an instance that spotInstance adds to the demo account.
const spot = "i-0a1b2c3d4e5f600aa"

func TestConformance(t *testing.T) {
	var all []actiontest.Scenario
	for _, list := range [][]actiontest.Scenario{
		networkScenarios(), scalingScenarios(), roleScenarios(), attributeScenarios(), tagScenarios(),
		snapshotScenarios(), evidenceScenarios(), balancerScenarios(), profileScenarios(), liveScenarios(), memoryScenarios(),
		blockScenarios(), pathScenarios(), roleSessionScenarios(), userSessionScenarios(), accessKeyScenarios(), bucketScenarios(),
	} {
		all = append(all, list...)
	}
	actiontest.Run(t, actions.Catalog(), all...)
}

// putRevocation revokes the sessions of the web servers' role up to a moment, as the IAM console does.
func putRevocation(before string) setup {
	return func(t testing.TB, w *actiontest.World) {
		_, err := w.Others.IAM.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
			RoleName: aws.String("web-app-role"), PolicyName: aws.String("AWSRevokeOlderSessions"),
			PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["*"],"Resource":["*"],"Condition":{"DateLessThan":{"aws:TokenIssueTime":"` + before + `"}}}]}`),
		})
		ok(t, err)
	}
}

func networkScenarios() []actiontest.Scenario {
	return []actiontest.Scenario{
		{
			Name: "two interfaces", Action: "ec2.isolate-network", Mixed: "the other interface and the case's groups",
			Meddle: func(t testing.TB, w *actiontest.World) {
				_, err := w.Others.EC2.ModifyNetworkInterfaceAttribute(t.Context(), &ec2.ModifyNetworkInterfaceAttributeInput{
					NetworkInterfaceId: aws.String("eni-0a1b2c3d4e5f60002"), Groups: []string{"sg-0a1b2c3d4e5f60001"},
				})
				ok(t, err)
			},
		},
		{Name: "opened by someone", Action: "ec2.isolate-network", Check: reopened("ec2.isolate-network", quarantineGroup, nil)},
		{
			Name: "channel opened by someone", Action: "ec2.isolate-network", Instance: actiontest.BatchServer, With: settings{"channel": true},
			Check: reopened("ec2.isolate-network", "cordon-collect-"+actiontest.CaseID, settings{"channel": true}),
		},
		{
			Name: "no all-access group", Action: "ec2.isolate-network", Fault: refuseUntrack,
			Text: "may not have been cut",
		},
		{
			Name: "endpoints not to be read", Action: "ec2.isolate-network", Instance: actiontest.BatchServer, With: settings{"channel": true},
			Fault: refuse("DescribeVpcEndpoints", "UnauthorizedOperation"), Text: "443 is open to everywhere",
		},
		{
			Name: "prefix lists throttled", Action: "ec2.isolate-network", Instance: actiontest.BatchServer, With: settings{"channel": true},
			Fault: refuse("DescribePrefixLists", "RequestLimitExceeded"), Text: "443 is open to everywhere",
		},
		{Name: "keeping established flows", Action: "ec2.isolate-network", With: settings{"keep_established": true}},
		{Name: "with a channel", Action: "ec2.isolate-network", Instance: actiontest.BatchServer, With: settings{"channel": true}},
		{
			Name: "after a channel", Action: "ec2.seal-network", Instance: actiontest.BatchServer, With: settings{"channel": true},
			First: []string{"ec2.isolate-network"},
		},
		{
			Name: "sealed and opened by someone", Action: "ec2.seal-network", Instance: actiontest.BatchServer, With: settings{"channel": true},
			First: []string{"ec2.isolate-network"}, Check: reopened("ec2.seal-network", "cordon-sealed-"+actiontest.CaseID, settings{"channel": true}),
		},
		{Name: "without a channel", Action: "ec2.seal-network", First: []string{"ec2.isolate-network"}, Want: action.Skipped, Text: "no channel"},
		{
			Name: "instance gone", Action: "ec2.seal-network", First: []string{"ec2.isolate-network"}, Want: action.Skipped, Text: "does not exist",
			Setup: terminate(actiontest.WebServer),
		},
	}
}

func scalingScenarios() []actiontest.Scenario {
	const id = "ec2.detach-asg"
	protect := func(on, isNew bool) func(testing.TB, *actiontest.World) {
		return func(t testing.TB, w *actiontest.World) {
			_, err := w.Others.AutoScaling.SetInstanceProtection(t.Context(), &autoscaling.SetInstanceProtectionInput{
				AutoScalingGroupName: aws.String("web-asg"), InstanceIds: []string{w.Target.ID}, ProtectedFromScaleIn: &on,
			})
			ok(t, err)
			_, err = w.Others.AutoScaling.UpdateAutoScalingGroup(t.Context(), &autoscaling.UpdateAutoScalingGroupInput{
				AutoScalingGroupName: aws.String("web-asg"), NewInstancesProtectedFromScaleIn: &isNew,
			})
			ok(t, err)
		}
	}
	return []actiontest.Scenario{
		{Name: "member", Action: id},
		{Name: "slow to let go", Action: id, Options: awssim.Options{DetachTime: 20 * time.Second}},
		{Name: "no member", Action: id, Instance: actiontest.Database, Text: "as wanted already"},
		{Name: "protected from scale-in", Action: id, Setup: protect(true, false)},
		{Name: "not protected in a group that protects", Action: id, Setup: protect(false, true)},
		{
			Name: "at minimum size", Action: id, Text: "launches a replacement", Leaves: "a replacement",
			Setup: func(t testing.TB, w *actiontest.World) {
				_, err := w.Others.AutoScaling.UpdateAutoScalingGroup(t.Context(), &autoscaling.UpdateAutoScalingGroupInput{
					AutoScalingGroupName: aws.String("web-asg"), MinSize: aws.Int32(2),
				})
				ok(t, err)
			},
		},
		{
			Name: "in standby", Action: id, Want: action.Skipped, Text: "standby",
			Setup: func(t testing.TB, w *actiontest.World) {
				_, err := w.Others.AutoScaling.EnterStandby(t.Context(), &autoscaling.EnterStandbyInput{
					AutoScalingGroupName: aws.String("web-asg"), InstanceIds: []string{w.Target.ID}, ShouldDecrementDesiredCapacity: aws.Bool(true),
				})
				ok(t, err)
			},
		},
	}
}

func roleScenarios() []actiontest.Scenario {
	const id = "iam.revoke-instance-role-sessions"
	shared := settings{"include_shared": true}
	return []actiontest.Scenario{
		{Name: "shared role", Action: id, Want: action.Skipped, Text: "i-0a1b2c3d4e5f60011"},
		{
			Name: "shared role, revoked by another case", Action: id, With: settings{"since": "1999-12-31T12:00:00Z"}, Want: action.Skipped,
			Text: "are revoked already up to 1999-12-31T23:00:00Z", Setup: putRevocation("1999-12-31T23:00:00.000Z"),
		},
		{
			Name: "shared role, revoked before its last activity", Action: id, With: settings{"since": "1999-12-31T12:00:00Z"}, Want: action.Skipped,
			Text: "i-0a1b2c3d4e5f60011", Setup: putRevocation("1999-12-31T00:00:00.000Z"),
		},
		{Name: "shared role, all the same", Action: id, With: shared},
		{
			Name: "role of its own", Action: id,
			Setup: terminate("i-0a1b2c3d4e5f60012"), Instance: actiontest.BatchServer,
			Meddle: func(t testing.TB, w *actiontest.World) {
				_, err := w.Others.IAM.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
					RoleName: aws.String("batch-role"), PolicyName: aws.String(casePolicyName),
					PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`),
				})
				ok(t, err)
			},
		},
		{Name: "IAM is slow", Action: id, With: shared, Renews: "the moment up to which sessions are revoked", Options: awssim.Options{IAMDelay: 8 * time.Second}},
		{
			Name: "revoked before", Action: id, With: shared,
			Setup: func(t testing.TB, w *actiontest.World) {
				_, err := w.Others.IAM.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
					RoleName: aws.String("web-app-role"), PolicyName: aws.String("AWSRevokeOlderSessions"), PolicyDocument: aws.String(
						`{ "Version": "2012-10-17", "Statement": [ { "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": { "DateLessThan": { "aws:TokenIssueTime": "1999-12-31T00:00:00Z" } } } ] }`),
				})
				ok(t, err)
			},
		},
		{Name: "no profile", Action: id, Instance: actiontest.Database, Text: "no instance profile"},
		{
			Name: "profile without a role", Action: id, Text: "has no role",
			Setup: func(t testing.TB, w *actiontest.World) {
				_, err := w.Others.IAM.RemoveRoleFromInstanceProfile(t.Context(), &iam.RemoveRoleFromInstanceProfileInput{
					InstanceProfileName: aws.String("web-app"), RoleName: aws.String("web-app-role"),
				})
				ok(t, err)
			},
		},
		{
			Name: "role that AWS manages", Action: id, With: shared, Want: action.Skipped, Text: "cannot be changed here",
			Fault: refuse("PutRolePolicy", "UnmodifiableEntity"),
		},
		{
			Name: "no room for the policy", Action: id, With: shared, Text: "10,240", Renews: renewed, Check: revokedUpToNow,
			Setup: func(t testing.TB, w *actiontest.World) {
				_, err := w.Others.IAM.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
					RoleName: aws.String("web-app-role"), PolicyName: aws.String("large"), PolicyDocument: aws.String(
						`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::` + strings.Repeat("x", 9950) + `"}]}`),
				})
				ok(t, err)
			},
		},
	}
}

func attributeScenarios() (all []actiontest.Scenario) {
	for _, id := range []string{"ec2.protect-termination", "ec2.protect-stop", "ec2.set-shutdown-behavior"} {
		all = append(all,
			actiontest.Scenario{Name: "on demand", Action: id, Setup: terminateOnShutdown},
			actiontest.Scenario{Name: "spot", Action: id, Setup: spotInstance, Want: action.Skipped, Text: "Spot"},
		)
	}
	return append(all,
		actiontest.Scenario{Name: "on already", Action: "ec2.protect-termination", Instance: actiontest.Database, Text: "as wanted already"},
		actiontest.Scenario{Name: "stop already", Action: "ec2.set-shutdown-behavior", Text: "as wanted already"},
		actiontest.Scenario{Name: "three volumes", Action: "ec2.preserve-volumes"},
	)
}

func tagScenarios() []actiontest.Scenario {
	return []actiontest.Scenario{
		{
			Name: "new and old keys", Action: "ec2.tag", With: settings{"tags": map[string]string{
				"cordon:case": actiontest.CaseID, "cordon:note": "quarantined", "Name": "web-1",
			}},
			Meddle: func(t testing.TB, w *actiontest.World) {
				_, err := w.Others.EC2.CreateTags(t.Context(), &ec2.CreateTagsInput{
					Resources: []string{w.Target.ID}, Tags: []ec2types.Tag{{Key: aws.String("cordon:note"), Value: aws.String("looked at")}},
				})
				ok(t, err)
			},
			Mixed: "the other keys",
		},
		{Name: "no tags", Action: "ec2.tag", Want: action.Skipped, Text: "no tags configured"},
	}
}

func snapshotScenarios() []actiontest.Scenario {
	const id = "ec2.snapshot-volumes"
	return []actiontest.Scenario{
		{Name: "all at once", Action: id, Check: snapshotsComplete(3, "/dev/sdf")},
		{Name: "slow", Action: id, Options: awssim.Options{SnapshotTime: 20 * time.Minute}, Check: snapshotsComplete(3, "/dev/sdg")},
		{
			Name: "set refused", Action: id, Fault: refuse("CreateSnapshots", "InvalidVolume.IncorrectState"), Text: "each was taken by itself",
			Check: snapshotsComplete(3, "/dev/sdf"),
		},
	}
}

func evidenceScenarios() []actiontest.Scenario {
	const id = "ec2.capture-metadata"
	return []actiontest.Scenario{
		{Name: "before anything else", Action: id, Check: sections("read after containment", "target_groups", "instance")},
		{
			Name: "after containment", Action: id, First: []string{
				"ec2.isolate-network", "ec2.detach-asg", "ec2.protect-termination", "ec2.protect-stop", "ec2.deregister-targets", "ec2.deregister-classic-elb",
			},
			Check: sections("stored observation", "target_groups", "instance", "tags", "network_interfaces", "auto_scaling", "attributes", "classic_load_balancers"),
		},
		{Name: "no profile", Action: id, Instance: actiontest.Database},
		{
			Name: "a section denied", Action: id, Fault: refuse("ListRolePolicies", "AccessDenied"), Text: "instance_profile (AccessDenied)",
			Check: sections("read after containment", "volumes"),
		},
		{
			Name: "an old type", Action: id,
			Fault: func(c awssim.Call) awssim.Fault {
				if in, ok := c.Input.(*ec2.GetConsoleOutputInput); ok && in.Latest != nil {
					return awssim.Fault{Before: apiError("UnsupportedOperation")}
				}
				return awssim.Fault{}
			},
		},
		{
			Name: "running", Action: "ec2.screenshot",
			Check: func(t testing.TB, w *actiontest.World, _ action.Record) {
				if !bytes.HasPrefix(w.Evidence.Get("screenshot.jpg"), []byte{0xff, 0xd8}) {
					t.Error("screenshot.jpg is no JPG")
				}
			},
		},
		{Name: "Arm", Action: "ec2.screenshot", Instance: actiontest.Database, Want: action.Skipped, Text: "Arm"},
		{Name: "refused", Action: "ec2.screenshot", Fault: refuse("GetConsoleScreenshot", "UnsupportedOperation"), Want: action.Skipped, Text: "this type"},
		{
			Name: "stopped", Action: "ec2.screenshot", Instance: actiontest.BatchServer, Want: action.Skipped, Text: "not running",
			Setup: func(t testing.TB, w *actiontest.World) {
				_, err := w.Others.EC2.StopInstances(t.Context(), &ec2.StopInstancesInput{InstanceIds: []string{w.Target.ID}})
				ok(t, err)
				time.Sleep(time.Minute)
			},
		},
	}
}

func balancerScenarios() []actiontest.Scenario {
	return []actiontest.Scenario{
		{Name: "registered", Action: "ec2.deregister-classic-elb"},
		{Name: "not registered", Action: "ec2.deregister-classic-elb", Instance: actiontest.Database, Text: "as wanted already"},
		{Name: "by id and by address", Action: "ec2.deregister-targets"},
		{Name: "not registered", Action: "ec2.deregister-targets", Instance: actiontest.Database, Text: "as wanted already"},
		{Name: "after leaving the group", Action: "ec2.deregister-targets", First: []string{"ec2.detach-asg"}},
	}
}

func profileScenarios() []actiontest.Scenario {
	with := settings{"profile": quarantine}
	return []actiontest.Scenario{
		{Name: "in place of another", Action: "ec2.quarantine-profile", With: with, Meddle: giveProfile("batch")},
		{Name: "where there was none", Action: "ec2.quarantine-profile", With: with, Instance: actiontest.Database},
		{Name: "not configured", Action: "ec2.quarantine-profile", Want: action.Skipped, Text: "ec2.quarantine_profile"},
		{Name: "no ARN", Action: "ec2.quarantine-profile", With: settings{"profile": "cordon-quarantine"}, Want: action.Failed, Text: "takes the ARN"},
		{Name: "with a profile", Action: "ec2.remove-profile", Meddle: giveProfile("batch")},
		{Name: "after the quarantine profile", Action: "ec2.remove-profile", With: with, First: []string{"ec2.quarantine-profile"}},
		{Name: "without a profile", Action: "ec2.remove-profile", Instance: actiontest.Database, Text: "as wanted already"},
	}
}

func liveScenarios() []actiontest.Scenario {
	const id = "ec2.live-response"
	with := func(commands ...string) settings {
		return settings{"commands": commands, "windows_commands": []string{"Get-Process"}, "seconds": 90}
	}
	bucket := func(_ testing.TB, w *actiontest.World) {
		w.Evidence.BucketName, w.Evidence.Prefix = actiontest.Bucket, "cases/c-1/"
	}
	return []actiontest.Scenario{
		{Name: "Linux, bucket", Action: id, With: with("ps aux", "seq 1 20000"), Setup: bucket, Check: liveResult("s3", "\n20000\n", false)},
		{Name: "Windows, no bucket", Action: id, Instance: actiontest.BatchServer, With: with("ps aux"), Check: liveResult("api", "svch0st", false)},
		{Name: "long output, no bucket", Action: id, With: with("seq 1 20000"), Text: "was cut", Check: liveResult("api", "100\n", true)},
		{Name: "bucket out of reach", Action: id, With: with("ps aux"), Setup: bucket, Fault: refuse("ListObjectsV2", "AccessDenied"), Text: "could not be read", Check: liveResult("api", "USER", false)},
		{Name: "command that fails", Action: id, With: with("false"), Text: "exit code 1", Check: liveResult("api", "", false)},
		{Name: "none configured", Action: id, Want: action.Skipped, Text: "no live response configured"},
		{Name: "none for the platform", Action: id, With: settings{"windows_commands": []string{"Get-Process"}}, Want: action.Skipped, Text: "for Linux"},
		{Name: "not managed", Action: id, Instance: actiontest.Database, With: with("ps"), Want: action.Skipped, Text: "not managed"},
		{Name: "cut off", Action: id, Instance: actiontest.BatchServer, With: with("ps"), First: []string{"ec2.isolate-network"}, Want: action.Failed, Text: "did not come online"},
	}
}
