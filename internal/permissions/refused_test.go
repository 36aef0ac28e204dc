package permissions_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"cordon/internal/cloud"
)

// TestRefused: what a Cordon that somebody has turned against the account cannot do, although the action is one of its own.
func TestRefused(t *testing.T) {
	w := newWorld(t, generated(), options{})
	ctx, admin := t.Context(), w.admin()
	for _, name := range []string{"cordon-function-us-east-1", "cordon-state-machine-us-east-1", "cordon-rule-us-east-1", "cordon-quarantine-us-east-1", memberRole} {
		_, err := admin.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
		w.must(err)
	}
	_, err := admin.EC2.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{web1}, Tags: []types.Tag{{Key: aws.String("cordon:case"), Value: aws.String("c-1")}}})
	w.must(err)
	_, err = admin.IAM.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: aws.String("own")})
	w.must(err)
	_, err = admin.IAM.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: aws.String("own"), RoleName: aws.String("cordon-function-us-east-1")})
	w.must(err)

	cfg := w.owned.Config(region)
	c := cloud.New(cfg, home)
	text := func(s string) *string { return &s }
	tag := func(key string) []types.Tag { return []types.Tag{{Key: &key, Value: text("x")}} }
	everywhere := []types.IpPermission{{IpProtocol: text("-1"), IpRanges: []types.IpRange{{CidrIp: text("0.0.0.0/0")}}}}
	const theirs, document = "sg-0a1b2c3d4e5f60001", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	for name, call := range map[string]func(context.Context) error{
		"somebody else's group is opened": func(ctx context.Context) error {
			_, err := c.EC2.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: text(theirs), IpPermissions: everywhere})
			return err
		},
		"somebody else's group is deleted": func(ctx context.Context) error {
			_, err := c.EC2.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: text(theirs)})
			return err
		},
		"a group is made without the tag": func(ctx context.Context) error {
			_, err := c.EC2.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{GroupName: text("g"), Description: text("g"), VpcId: text("vpc-0a1b2c3d4e5f60001")})
			return err
		},
		"somebody else's group gets the tag": func(ctx context.Context) error {
			_, err := c.EC2.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{theirs}, Tags: tag("cordon:case")})
			return err
		},
		"an instance gets another tag": func(ctx context.Context) error {
			_, err := c.EC2.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{web1}, Tags: tag("owner")})
			return err
		},
		"an instance loses another tag": func(ctx context.Context) error {
			_, err := c.EC2.DeleteTags(ctx, &ec2.DeleteTagsInput{Resources: []string{web1}, Tags: []types.Tag{{Key: text("app")}}})
			return err
		},
		"an instance loses all its tags": func(ctx context.Context) error {
			_, err := c.EC2.DeleteTags(ctx, &ec2.DeleteTagsInput{Resources: []string{web1}})
			return err
		},
		"an instance's user data is rewritten": func(ctx context.Context) error {
			_, err := c.EC2.ModifyInstanceAttribute(ctx, &ec2.ModifyInstanceAttributeInput{InstanceId: text(db1), UserData: &types.SecureBlobAttributeValue{Value: []byte("x")}})
			return err
		},
		"an instance's type is changed": func(ctx context.Context) error {
			_, err := c.EC2.ModifyInstanceAttribute(ctx, &ec2.ModifyInstanceAttributeInput{InstanceId: text(db1), InstanceType: &types.AttributeValue{Value: text("t3.large")}})
			return err
		},
		"an instance's source check is taken away": func(ctx context.Context) error {
			_, err := c.EC2.ModifyInstanceAttribute(ctx, &ec2.ModifyInstanceAttributeInput{InstanceId: text(db1), SourceDestCheck: &types.AttributeBooleanValue{Value: aws.Bool(false)}})
			return err
		},
		"a snapshot without the tag": func(ctx context.Context) error {
			_, err := c.EC2.CreateSnapshot(ctx, &ec2.CreateSnapshotInput{VolumeId: text("vol-0a1b2c3d4e5f60001")})
			return err
		},
		"Cordon's own role is passed to an instance": func(ctx context.Context) error {
			_, err := c.EC2.AssociateIamInstanceProfile(ctx, &ec2.AssociateIamInstanceProfileInput{
				InstanceId: text(db1), IamInstanceProfile: &types.IamInstanceProfileSpecification{Name: text("own")},
			})
			return err
		},
		"Cordon's own role gets a policy": func(ctx context.Context) error {
			_, err := c.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: text("cordon-function-us-east-1"), PolicyName: text("p"), PolicyDocument: text(document)})
			return err
		},
		"the state machine's role gets a policy": func(ctx context.Context) error {
			_, err := c.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: text("cordon-state-machine-us-east-1"), PolicyName: text("p"), PolicyDocument: text(document)})
			return err
		},
		"the quarantine profile's role gets a policy": func(ctx context.Context) error {
			_, err := c.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: text("cordon-quarantine-us-east-1"), PolicyName: text("p"), PolicyDocument: text(document)})
			return err
		},
		"the members' role gets a policy": func(ctx context.Context) error {
			_, err := c.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: text(memberRole), PolicyName: text("p"), PolicyDocument: text(document)})
			return err
		},
		"the rule's role loses its policy": func(ctx context.Context) error {
			_, err := c.IAM.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: text("cordon-rule-us-east-1"), PolicyName: text("p")})
			return err
		},
		"a role gets an administrator's policy": func(ctx context.Context) error {
			_, err := c.IAM.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: text("batch-role"), PolicyArn: text("arn:aws:iam::aws:policy/AdministratorAccess")})
			return err
		},
		"a policy of another name is made": func(ctx context.Context) error {
			_, err := c.IAM.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: text("mine"), PolicyDocument: text(document)})
			return err
		},
		"a command is run on an instance that is in no case": func(ctx context.Context) error {
			_, err := c.SSM.SendCommand(ctx, &ssm.SendCommandInput{
				DocumentName: text("AWS-RunShellScript"), InstanceIds: []string{batch1}, OutputS3BucketName: text(bucket),
				Parameters: map[string][]string{"commands": {"id"}},
			})
			return err
		},
		"the evidence bucket's block of public access is taken away": func(ctx context.Context) error {
			_, err := c.S3.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: text(bucket)})
			return err
		},
		"the evidence bucket's block of public access is weakened": func(ctx context.Context) error {
			_, err := c.S3.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{
				Bucket: text(bucket), PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{BlockPublicAcls: aws.Bool(false)},
			})
			return err
		},
		"another document is run": func(ctx context.Context) error {
			_, err := c.SSM.SendCommand(ctx, &ssm.SendCommandInput{DocumentName: text("AWS-RunRemoteScript"), InstanceIds: []string{web1}})
			return err
		},
		"output goes to another bucket": func(ctx context.Context) error {
			_, err := c.SSM.SendCommand(ctx, &ssm.SendCommandInput{
				DocumentName: text("AWS-RunShellScript"), InstanceIds: []string{web1}, OutputS3BucketName: text("cordon-demo-customer-data"),
				Parameters: map[string][]string{"commands": {"id"}},
			})
			return err
		},
		"evidence is written over": func(ctx context.Context) error {
			_, err := c.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: text(bucket), Key: text("cordon/c-1/metadata.json")})
			return err
		},
		"evidence is deleted": func(ctx context.Context) error {
			_, err := c.S3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: text(bucket), Key: text("cordon/c-1/metadata.json")})
			return err
		},
		"something is written beside the evidence": func(ctx context.Context) error {
			_, err := c.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: text(bucket), Key: text("else"), IfNoneMatch: text("*")})
			return err
		},
		"a customer's object is read": func(ctx context.Context) error {
			_, err := c.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: text("cordon-demo-customer-data"), Key: text("README.txt")})
			return err
		},
		"another table is written": func(ctx context.Context) error {
			_, err := ddb.NewFromConfig(cfg).PutItem(ctx, &ddb.PutItemInput{TableName: text("customers"), Item: map[string]ddbtypes.AttributeValue{
				"pk": &ddbtypes.AttributeValueMemberS{Value: "x"},
			}})
			return err
		},
		"the table's index is read": func(ctx context.Context) error {
			_, err := ddb.NewFromConfig(cfg).Query(ctx, &ddb.QueryInput{
				TableName: text(table), IndexName: text("list"), KeyConditionExpression: text("gsipk = :p"),
				ExpressionAttributeValues: map[string]ddbtypes.AttributeValue{":p": &ddbtypes.AttributeValueMemberS{Value: "UNSENT"}},
			})
			return err
		},
		"another topic is told": func(ctx context.Context) error {
			_, err := sns.NewFromConfig(cfg).Publish(ctx, &sns.PublishInput{TopicArn: text("arn:aws:sns:us-east-1:111122223333:else"), Message: text("m")})
			return err
		},
		"another role is assumed": func(ctx context.Context) error {
			_, err := c.STS.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: text("arn:aws:iam::444455556666:role/OrganizationAccountAccessRole"), RoleSessionName: text("cordon")})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := call(ctx); !cloud.Denied(err) {
				t.Errorf("%v, want it denied", err)
			}
		})
	}
}
