package permissions_test

import (
	"crypto/sha256"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"cordon/internal/awssim"
	"cordon/internal/config"
	"cordon/internal/engine"
)

// The demo's instances.
const (
	web1   = "i-0a1b2c3d4e5f60001" // Auto Scaling, balancers, two interfaces, three volumes
	batch1 = "i-0a1b2c3d4e5f60002" // Windows, managed by Systems Manager, shares its role
	db1    = "i-0a1b2c3d4e5f60003" // Arm, no profile
)

// scenario is a finding and what becomes of it. also says that it is run in a member account as well, only that it is run
// there alone.
type scenario struct {
	name string
	options
	also bool
	run  func(w *world)
}

func scenarios() []scenario {
	return append(instanceScenarios(), identityScenarios()...)
}

func live(c *config.Config) {
	c.EC2.QuarantineProfile = quarantine
	c.EC2.LiveResponse = config.LiveResponse{Channel: config.ChannelHTTPS, Seconds: 90, Commands: []string{"ps aux"}, WindowsCommands: []string{"Get-Process"}}
}

// memory is live response with a capture of memory; the tool is what stageTool puts there.
func memory(tool string) func(*config.Config) {
	return func(c *config.Config) {
		live(c)
		t := config.MemoryTool{Tool: "s3://" + bucket + "/cordon/tools/memory", SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(tool)))}
		c.EC2.Memory = config.Memory{Linux: t, Windows: t, Seconds: 600, MaxGiB: 256}
	}
}

func (w *world) stageTool(tool string) {
	_, err := w.admin().S3.PutObject(w.t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(bucket), Key: aws.String("cordon/tools/memory"), Body: strings.NewReader(tool),
	})
	w.must(err)
}

func instanceScenarios() []scenario {
	return []scenario{
		{
			name: "an instance with everything", also: true,
			options: options{conf: func(c *config.Config) { live(c); c.EC2.RevokeSharedRoles = true }},
			run: func(w *world) {
				_, err := w.admin().AutoScaling.SetInstanceProtection(w.t.Context(), &autoscaling.SetInstanceProtectionInput{
					AutoScalingGroupName: aws.String("web-asg"), InstanceIds: []string{web1}, ProtectedFromScaleIn: aws.Bool(true),
				})
				w.must(err)
				w.before = w.target.Dump(awssim.DumpOptions{})
				w.release(w.respond(w.find(instance(web1), 1)), engine.ReleaseOptions{})
			},
		},
		{
			name: "the remote address is blocked", also: true,
			options: options{conf: func(c *config.Config) { c.EC2.BlockRemoteIPs, c.BlastRadius.SharedSubnet = true, config.Report }},
			run:     func(w *world) { w.release(w.respond(w.find(instance(batch1), 1)), engine.ReleaseOptions{}) },
		},
		{
			name: "a memory tool that fails", options: options{conf: memory("exit 3")},
			run: func(w *world) {
				w.stageTool("exit 3")
				w.release(w.respond(w.find(instance(web1), 1)), engine.ReleaseOptions{})
			},
		},
		{
			name: "live response and memory through endpoints, a shared role", options: options{conf: memory("a tool"), edit: func(w *world, ed *awssim.Editor) error {
				for i, service := range []string{"ssm", "ssmmessages", "ec2messages"} {
					id := "vpce-0a1b2c3d4e5f6000" + string(rune('1'+i))
					if err := ed.Endpoint(id, "vpc-0a1b2c3d4e5f60001", service, []string{"sg-0a1b2c3d4e5f60001"}, []string{"subnet-0a1b2c3d4e5f60002"}); err != nil {
						return err
					}
				}
				return nil
			}},
			run: func(w *world) {
				w.stageTool("a tool")
				w.release(w.respond(w.find(instance(batch1), 1)), engine.ReleaseOptions{})
			},
		},
		{
			name: "a false alarm", options: options{conf: live},
			run: func(w *world) {
				w.release(w.respond(w.find(instance(db1), 1)), engine.ReleaseOptions{FalsePositive: true})
				w.respond(w.find(instance(db1), 2))
			},
		},
		{
			name:    "a false alarm in a member of GuardDuty's administrator",
			options: options{edit: func(_ *world, ed *awssim.Editor) error { ed.Administrator("999988887777"); return nil }},
			run: func(w *world) {
				w.release(w.respond(w.find(bucketResource("cordon-demo-customer-data"), 1)), engine.ReleaseOptions{FalsePositive: true})
			},
		},
		{
			name: "the quarantine is opened by somebody", also: true,
			run: func(w *world) {
				id := w.respond(w.find(instance(db1), 1))
				w.openQuarantine()
				w.respond(w.find(instance(db1), 2))
				w.release(id, engine.ReleaseOptions{})
			},
		},
		{
			name: "snapshots one by one", also: true,
			options: options{fault: func(c awssim.Call) awssim.Fault {
				if c.Operation == "CreateSnapshots" {
					return awssim.Fault{Before: &smithy.GenericAPIError{Code: "InvalidParameterValue", Message: "a volume is in the state error"}}
				}
				return awssim.Fault{}
			}},
			run: func(w *world) { w.release(w.respond(w.find(instance(db1), 1)), engine.ReleaseOptions{}) },
		},
		{
			name: "another profile meanwhile, released by force", also: true,
			run: func(w *world) {
				w.balance(batch1)
				id := w.respond(w.find(instance(batch1), 1))
				_, err := w.admin().EC2.AssociateIamInstanceProfile(w.t.Context(), &ec2.AssociateIamInstanceProfileInput{
					InstanceId: aws.String(batch1), IamInstanceProfile: &ec2types.IamInstanceProfileSpecification{Name: aws.String("web-app")},
				})
				w.meanwhile(err)
				w.release(id, engine.ReleaseOptions{})
				w.release(id, engine.ReleaseOptions{Force: true})
			},
		},
	}
}

// balance registers an instance with the classic load balancer, outside of Auto Scaling.
func (w *world) balance(id string) {
	_, err := w.admin().ELB.RegisterInstancesWithLoadBalancer(w.t.Context(), &elb.RegisterInstancesWithLoadBalancerInput{
		LoadBalancerName: aws.String("web-classic"), Instances: []elbtypes.Instance{{InstanceId: &id}},
	})
	w.must(err)
	w.before = w.target.Dump(awssim.DumpOptions{})
}

// openQuarantine lets the world in to every group of Cordon's, as somebody else.
func (w *world) openQuarantine() {
	c := w.admin().EC2
	out, err := c.DescribeSecurityGroups(w.t.Context(), &ec2.DescribeSecurityGroupsInput{
		Filters: []ec2types.Filter{{Name: aws.String("group-name"), Values: []string{"cordon-*"}}},
	})
	w.must(err)
	for _, g := range out.SecurityGroups {
		_, err := c.AuthorizeSecurityGroupIngress(w.t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{
			GroupId: g.GroupId, IpPermissions: []ec2types.IpPermission{{
				IpProtocol: aws.String("tcp"), FromPort: aws.Int32(22), ToPort: aws.Int32(22),
				IpRanges: []ec2types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}},
			}},
		})
		w.meanwhile(err)
	}
}

func identityScenarios() []scenario {
	return []scenario{
		{
			name: "a role", also: true,
			run: func(w *world) {
				w.release(w.respond(w.find(identity("Role", "web-app-role", "AROADBQP57FF2AEXAMPLE", ""), 1)), engine.ReleaseOptions{})
			},
		},
		{
			name: "a role without room, revoked again and again", also: true,
			run: func(w *world) {
				w.fill("web-app-role", "")
				id := ""
				for n := 1; n < 8; n++ { // IAM keeps five versions of a policy
					id = w.respond(w.find(identity("Role", "web-app-role", "AROADBQP57FF2AEXAMPLE", ""), n))
					time.Sleep(time.Hour)
				}
				w.release(id, engine.ReleaseOptions{})
			},
		},
		{
			name: "a user with a key", also: true,
			run: func(w *world) {
				id := w.respond(w.find(identity("IAMUser", "deploy-bot", "AIDACKCEVSQ6C2EXAMPLE", "AKIAIOSFODNN7EXAMPLE"), 1))
				w.release(id, engine.ReleaseOptions{ReactivateKeys: true})
			},
		},
		{
			name: "a user without room", also: true,
			run: func(w *world) {
				w.fill("", "deploy-bot")
				w.release(w.respond(w.find(identity("IAMUser", "deploy-bot", "AIDACKCEVSQ6C2EXAMPLE", ""), 1)), engine.ReleaseOptions{})
			},
		},
		{
			name: "a federated user", also: true,
			run: func(w *world) {
				w.release(w.respond(w.find(identity("FederatedUser", "visitor", "AIDACKCEVSQ6C2EXAMPLE:visitor", ""), 1)), engine.ReleaseOptions{})
			},
		},
		{
			name: "a public bucket that hosts a website, a finding that is too large for an item", also: true,
			run: func(w *world) {
				w.description = strings.Repeat("long ", 4<<10)
				_, err := w.admin().S3.PutBucketWebsite(w.t.Context(), &s3.PutBucketWebsiteInput{
					Bucket:               aws.String("cordon-demo-customer-data"),
					WebsiteConfiguration: &s3types.WebsiteConfiguration{IndexDocument: &s3types.IndexDocument{Suffix: aws.String("index.html")}},
				})
				w.must(err)
				w.before = w.target.Dump(awssim.DumpOptions{})
				w.release(w.respond(w.find(bucketResource("cordon-demo-customer-data"), 1)), engine.ReleaseOptions{})
			},
		},
		{
			name: "a public bucket in another Region, of which a proxy hides the name", also: true,
			options: options{fault: func(c awssim.Call) awssim.Fault {
				in := reflect.ValueOf(c.Input).Elem().FieldByName("Bucket")
				if c.Region == region && c.Operation != "GetBucketLocation" && in.IsValid() && aws.ToString(in.Interface().(*string)) == "far-away" {
					return awssim.Fault{Before: &smithy.GenericAPIError{Code: "PermanentRedirect", Message: "use another endpoint"}}
				}
				return awssim.Fault{}
			}},
			run: func(w *world) {
				c, ctx := w.admin().S3, w.t.Context()
				far := func(o *s3.Options) { o.Region = "eu-west-1" }
				_, err := c.CreateBucket(ctx, &s3.CreateBucketInput{
					Bucket: aws.String("far-away"), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"},
				}, far)
				w.must(err)
				_, err = c.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: aws.String("far-away")}, far)
				w.must(err)
				_, err = c.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: aws.String("far-away"), Policy: aws.String(
					`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::far-away/*"}]}`)}, far)
				w.must(err)
				w.before = w.target.Dump(awssim.DumpOptions{})
				w.release(w.respond(w.find(bucketResource("far-away"), 1)), engine.ReleaseOptions{})
			},
		},
	}
}

// fill leaves a role or a user no room for another inline policy.
func (w *world) fill(role, user string) {
	c, ctx, room := w.admin().IAM, w.t.Context(), 10240
	if user != "" {
		room = 2048
	}
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::x/*"}]}`
	policy = strings.Replace(policy, "x/*", strings.Repeat("x", room-len(policy)-220)+"/*", 1)
	var err error
	if role != "" {
		_, err = c.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &role, PolicyName: aws.String("full"), PolicyDocument: &policy})
	} else {
		_, err = c.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &user, PolicyName: aws.String("full"), PolicyDocument: &policy})
	}
	w.must(err)
	w.before = w.target.Dump(awssim.DumpOptions{})
}
