package actions_test

import (
	"context"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go/middleware"

	"cordon/internal/action"
	"cordon/internal/action/actiontest"
	"cordon/internal/cloud"
	"cordon/internal/finding"
	"cordon/internal/mototest"
)

// noPublicAddress answers for moto, which does not know the filter, that no network interface has the address.
func noPublicAddress(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("noPublicAddress", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		if asked, ok := in.Parameters.(*ec2.DescribeNetworkInterfacesInput); ok && aws.ToString(asked.Filters[0].Name) == "association.public-ip" {
			return middleware.InitializeOutput{Result: &ec2.DescribeNetworkInterfacesOutput{}}, middleware.Metadata{}, nil
		}
		return next.HandleInitialize(ctx, in)
	}), middleware.After)
}

// TestBlockOnMoto denies an address in a network ACL of moto's, looks at what is there with calls of its own, and releases.
func TestBlockOnMoto(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the AWS emulator")
	}
	cfg := mototest.Start(t)
	cfg.APIOptions = append(cfg.APIOptions, noPublicAddress)
	ctx, c := t.Context(), cloud.New(cfg, mototest.Account)
	vpc, err := c.EC2.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
	ok(t, err)
	subnet, err := c.EC2.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: vpc.Vpc.VpcId, CidrBlock: aws.String("10.0.1.0/24")})
	ok(t, err)
	eni, err := c.EC2.CreateNetworkInterface(ctx, &ec2.CreateNetworkInterfaceInput{SubnetId: subnet.Subnet.SubnetId})
	ok(t, err)
	run, err := c.EC2.RunInstances(ctx, &ec2.RunInstancesInput{
		ImageId: aws.String("ami-12c6146b"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
		NetworkInterfaces: []ec2types.InstanceNetworkInterfaceSpecification{{NetworkInterfaceId: eni.NetworkInterface.NetworkInterfaceId, DeviceIndex: aws.Int32(0)}},
	})
	ok(t, err)
	rules := func() (out []string) {
		acls, err := c.EC2.DescribeNetworkAcls(ctx, &ec2.DescribeNetworkAclsInput{Filters: []ec2types.Filter{{Name: aws.String("vpc-id"), Values: []string{*vpc.Vpc.VpcId}}}})
		ok(t, err)
		for _, e := range acls.NetworkAcls[0].Entries {
			direction := map[bool]string{true: "out ", false: "in "}[aws.ToBool(e.Egress)]
			out = append(out, direction+string(e.RuleAction)+" "+aws.ToString(e.CidrBlock))
		}
		slices.Sort(out)
		return out
	}
	before := rules()
	ledger := &actiontest.Ledger{}
	env := &action.Env{Clients: c, Evidence: &actiontest.Evidence{}, Records: func(ctx context.Context) ([]action.Record, error) {
		return ledger.Records(ctx, actiontest.CaseID)
	}}
	req, err := action.NewRequest(action.On{Case: actiontest.CaseID, Target: finding.Target{
		Account: mototest.Account, Region: "us-east-1", Kind: finding.KindInstance, ID: *run.Instances[0].InstanceId,
	}}, blocking(attacker))
	ok(t, err)
	a := byID(t, "ec2.block-remote-ip")
	rec, err := action.Run(ctx, ledger, env, a, actiontest.CaseID, req)
	ok(t, err)
	if rec.Status != action.Done {
		t.Fatalf("%s (error %q, reason %q)", rec.Status, rec.Error, rec.Reason)
	}
	during := rules()
	if !slices.Contains(during, "in deny "+attacker+"/32") || !slices.Contains(during, "out deny "+attacker+"/32") || len(during) != len(before)+2 {
		t.Errorf("rules: %v", during)
	}
	rec, err = action.Undo(ctx, ledger, env, a, rec, false)
	ok(t, err)
	if after := rules(); rec.Status != action.Undone || !slices.Equal(before, after) {
		t.Errorf("release: %s (error %q), rules %v, before %v", rec.Status, rec.Error, after, before)
	}
}
