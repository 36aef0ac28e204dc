package awssim_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"cordon/internal/awssim"
	"cordon/internal/cloud"
)

// words are a check's action, resource, and the names of its service's condition keys.
func words(c awssim.Check) string {
	out := c.Action + " " + c.Resource
	for _, key := range slices.Sorted(func(yield func(string) bool) {
		for k := range c.Context {
			if !yield(k) {
				return
			}
		}
	}) {
		switch key {
		case "aws:PrincipalArn", "aws:RequestedRegion", "aws:ResourceAccount", "ec2:Region", "s3:ResourceAccount":
		default:
			if !strings.HasPrefix(key, "ec2:ResourceTag/") && !strings.HasPrefix(key, "ssm:resourceTag/") && !strings.HasPrefix(key, "aws:ResourceTag/") {
				out += " " + key + "=" + strings.Join(c.Context[key], ",")
			}
		}
	}
	return out
}

// TestChecks: what calls ask IAM, as the Service Authorization Reference has it.
func TestChecks(t *testing.T) {
	const ec2ARN = "arn:aws:ec2:us-east-1:111122223333:"
	web, tags := "i-0a1b2c3d4e5f60001", []types.Tag{{Key: aws.String("cordon:case"), Value: aws.String("c-1")}}
	for _, tt := range []struct {
		name string
		call func(ctx context.Context, c *cloud.Clients) error
		want []string
	}{
		{"no resource", func(ctx context.Context, c *cloud.Clients) error {
			_, err := c.EC2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{})
			return err
		}, []string{"ec2:DescribeInstances *"}},
		{"nothing at all", func(ctx context.Context, c *cloud.Clients) error {
			_, err := c.STS.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
			return err
		}, nil},
		{"a group with tags", func(ctx context.Context, c *cloud.Clients) error {
			_, err := c.EC2.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{
				GroupName: aws.String("g"), Description: aws.String("g"), VpcId: aws.String("vpc-0a1b2c3d4e5f60001"),
				TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeSecurityGroup, Tags: tags}},
			})
			return err
		}, []string{
			"ec2:CreateSecurityGroup " + ec2ARN + "vpc/vpc-0a1b2c3d4e5f60001",
			"ec2:CreateSecurityGroup " + ec2ARN + "security-group/* aws:RequestTag/cordon:case=c-1 aws:TagKeys=cordon:case",
			"ec2:CreateTags " + ec2ARN + "security-group/* aws:RequestTag/cordon:case=c-1 aws:TagKeys=cordon:case ec2:CreateAction=CreateSecurityGroup",
		}},
		{"snapshots of all volumes", func(ctx context.Context, c *cloud.Clients) error {
			_, err := c.EC2.CreateSnapshots(ctx, &ec2.CreateSnapshotsInput{InstanceSpecification: &types.InstanceSpecification{InstanceId: &web}})
			return err
		}, []string{
			"ec2:CreateSnapshots " + ec2ARN + "instance/" + web,
			"ec2:CreateSnapshots " + ec2ARN + "volume/vol-0a1b2c3d4e5f60001",
			"ec2:CreateSnapshots " + ec2ARN + "volume/vol-0a1b2c3d4e5f60002",
			"ec2:CreateSnapshots " + ec2ARN + "volume/vol-0a1b2c3d4e5f60003",
			"ec2:CreateSnapshots arn:aws:ec2:us-east-1::snapshot/*",
		}},
		{"an attribute, and a volume's", func(ctx context.Context, c *cloud.Clients) error {
			_, err := c.EC2.ModifyInstanceAttribute(ctx, &ec2.ModifyInstanceAttributeInput{
				InstanceId: &web, BlockDeviceMappings: []types.InstanceBlockDeviceMappingSpecification{{
					DeviceName: aws.String("/dev/sdg"), Ebs: &types.EbsInstanceBlockDeviceSpecification{DeleteOnTermination: aws.Bool(false)},
				}},
			})
			return err
		}, []string{
			"ec2:ModifyInstanceAttribute " + ec2ARN + "instance/" + web + " ec2:Attribute=BlockDeviceMapping",
			"ec2:ModifyInstanceAttribute " + ec2ARN + "volume/vol-0a1b2c3d4e5f60003",
		}},
		{"groups of an interface", func(ctx context.Context, c *cloud.Clients) error {
			_, err := c.EC2.ModifyNetworkInterfaceAttribute(ctx, &ec2.ModifyNetworkInterfaceAttributeInput{
				NetworkInterfaceId: aws.String("eni-0a1b2c3d4e5f60002"), Groups: []string{"sg-0a1b2c3d4e5f60002"},
			})
			return err
		}, []string{
			"ec2:ModifyNetworkInterfaceAttribute " + ec2ARN + "network-interface/eni-0a1b2c3d4e5f60002",
			"ec2:ModifyNetworkInterfaceAttribute " + ec2ARN + "instance/" + web,
			"ec2:ModifyNetworkInterfaceAttribute " + ec2ARN + "security-group/sg-0a1b2c3d4e5f60002",
		}},
		{"a profile passes its role", func(ctx context.Context, c *cloud.Clients) error {
			_, err := c.EC2.AssociateIamInstanceProfile(ctx, &ec2.AssociateIamInstanceProfileInput{
				InstanceId: aws.String("i-0a1b2c3d4e5f60003"), IamInstanceProfile: &types.IamInstanceProfileSpecification{Name: aws.String("batch")},
			})
			return err
		}, []string{
			"ec2:AssociateIamInstanceProfile " + ec2ARN + "instance/i-0a1b2c3d4e5f60003 ec2:NewInstanceProfile=arn:aws:iam::111122223333:instance-profile/batch",
			"iam:PassRole arn:aws:iam::111122223333:role/batch-role iam:AssociatedResourceArn=" + ec2ARN + "instance/i-0a1b2c3d4e5f60003 iam:PassedToService=ec2.amazonaws.com",
		}},
		{"a managed policy", func(ctx context.Context, c *cloud.Clients) error {
			_, err := c.IAM.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String("batch-role"), PolicyArn: aws.String("arn:aws:iam::aws:policy/AWSDenyAll")})
			return err
		}, []string{"iam:AttachRolePolicy arn:aws:iam::111122223333:role/batch-role iam:PolicyARN=arn:aws:iam::aws:policy/AWSDenyAll"}},
		{"a role with a path", func(ctx context.Context, c *cloud.Clients) error {
			_, err := c.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("AWSServiceRoleForAutoScaling")})
			return err
		}, []string{"iam:GetRole arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"}},
		{"a list under a prefix", func(ctx context.Context, c *cloud.Clients) error {
			_, err := c.S3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("cordon-demo-customer-data"), Prefix: aws.String("customers/")})
			return err
		}, []string{"s3:ListBucket arn:aws:s3:::cordon-demo-customer-data s3:prefix=customers/"}},
		{"an object that is not there", func(ctx context.Context, c *cloud.Clients) error {
			_, err := c.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("cordon-demo-customer-data"), Key: aws.String("no")})
			return err
		}, []string{"s3:GetObject arn:aws:s3:::cordon-demo-customer-data/no", "s3:ListBucket arn:aws:s3:::cordon-demo-customer-data"}},
		{"a command with its output", func(ctx context.Context, c *cloud.Clients) error {
			_, err := c.SSM.SendCommand(ctx, &ssm.SendCommandInput{
				DocumentName: aws.String("AWS-RunShellScript"), InstanceIds: []string{web}, OutputS3BucketName: aws.String("cordon-evidence-111122223333"),
				Parameters: map[string][]string{"commands": {"id"}},
			})
			return err
		}, []string{
			"ssm:SendCommand arn:aws:ssm:us-east-1::document/AWS-RunShellScript", "ssm:SendCommand " + ec2ARN + "instance/" + web,
			"ssm:SendCommand arn:aws:s3:::cordon-evidence-111122223333",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			a := awssim.New(awssim.Options{Authorize: func(c awssim.Check) bool {
				got = append(got, words(c))
				return true
			}})
			if err := awssim.Demo(a); err != nil {
				t.Fatal(err)
			}
			if err := tt.call(t.Context(), cloud.New(a.Config("us-east-1"), a.ID())); err != nil && !cloud.NotFound(err) {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("asked (-want +got):\n%s", d)
			}
		})
	}
}

// TestDenied: each service has its own way to say no, and nothing is changed.
func TestDenied(t *testing.T) {
	a := awssim.New(awssim.Options{Authorize: func(awssim.Check) bool { return false }})
	if err := awssim.Demo(a); err != nil {
		t.Fatal(err)
	}
	c, ctx := cloud.New(a.Config("us-east-1"), a.ID()), t.Context()
	before := a.Dump(awssim.DumpOptions{Snapshots: true, Objects: true})
	for code, call := range map[string]func() error{
		"UnauthorizedOperation": func() error {
			_, err := c.EC2.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: aws.String("sg-0a1b2c3d4e5f60001"), DryRun: aws.Bool(true)})
			return err
		},
		"AccessDenied": func() error {
			_, err := c.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("cordon-demo-customer-data"), Key: aws.String("x")})
			return err
		},
		"Forbidden": func() error {
			_, err := c.S3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String("cordon-demo-customer-data"), Key: aws.String("README.txt")})
			return err
		},
		"AccessDeniedException": func() error {
			_, err := c.SSM.ListCommands(ctx, &ssm.ListCommandsInput{})
			return err
		},
		"AuthorizationError": func() error {
			_, err := sns.NewFromConfig(a.Config("us-east-1")).Publish(ctx, &sns.PublishInput{TopicArn: aws.String("arn:aws:sns:us-east-1:111122223333:t"), Message: aws.String("m")})
			return err
		},
	} {
		if err := call(); cloud.Code(err) != code {
			t.Errorf("%v, want %s", err, code)
		}
	}
	if d := awssim.Diff(before, a.Dump(awssim.DumpOptions{Snapshots: true, Objects: true})); len(d) > 0 {
		t.Errorf("changed: %v", d)
	}
}
