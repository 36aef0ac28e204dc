package awssim

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func describeInstanceAttribute(x *request, in *ec2.DescribeInstanceAttributeInput) (*ec2.DescribeInstanceAttributeOutput, error) {
	e := x.ec2()
	i, err := find(e.Instances, kindInstance(), aws.ToString(in.InstanceId))
	if err != nil {
		return nil, err
	}
	shown := e.describeInstance(i)
	truth := func(b bool) *ec2types.AttributeBooleanValue {
		return &ec2types.AttributeBooleanValue{Value: aws.Bool(b)}
	}
	text := func(s string) *ec2types.AttributeValue { return &ec2types.AttributeValue{Value: aws.String(s)} }
	out := &ec2.DescribeInstanceAttributeOutput{InstanceId: shown.InstanceId}
	switch in.Attribute {
	case ec2types.InstanceAttributeNameDisableApiTermination:
		out.DisableApiTermination = truth(i.DisableAPITermination)
	case ec2types.InstanceAttributeNameDisableApiStop:
		out.DisableApiStop = truth(i.DisableAPIStop)
	case ec2types.InstanceAttributeNameInstanceInitiatedShutdownBehavior:
		out.InstanceInitiatedShutdownBehavior = text(string(i.ShutdownBehavior))
	case ec2types.InstanceAttributeNameGroupSet:
		out.Groups = shown.SecurityGroups
	case ec2types.InstanceAttributeNameBlockDeviceMapping:
		out.BlockDeviceMappings = shown.BlockDeviceMappings
	case ec2types.InstanceAttributeNameInstanceType:
		out.InstanceType = text(string(i.InstanceType))
	case ec2types.InstanceAttributeNameRootDeviceName:
		out.RootDeviceName = text(*i.RootDeviceName)
	case ec2types.InstanceAttributeNameEbsOptimized:
		out.EbsOptimized = truth(aws.ToBool(i.EbsOptimized))
	case ec2types.InstanceAttributeNameEnaSupport:
		out.EnaSupport = truth(aws.ToBool(i.EnaSupport))
	case ec2types.InstanceAttributeNameSourceDestCheck:
		if len(shown.NetworkInterfaces) > 1 {
			return nil, severalInterfaces(i)
		}
		out.SourceDestCheck = truth(aws.ToBool(shown.SourceDestCheck))
	case ec2types.InstanceAttributeNameUserData:
		out.UserData = &ec2types.AttributeValue{}
		if i.UserData != "" {
			out.UserData.Value = aws.String(i.UserData)
		}
	case ec2types.InstanceAttributeNameProductCodes:
		out.ProductCodes = []ec2types.ProductCode{}
	default:
		return nil, invalidValue(string(in.Attribute), "attribute")
	}
	return out, nil
}

// severalInterfaces is the refusal of an attribute that belongs to an interface of which the instance has several.
func severalInterfaces(i *instance) error {
	return apiError(400, "InvalidInstanceID", "There are multiple interfaces attached to instance '%s'. Please specify an interface ID for the operation instead.", *i.InstanceId)
}

// oneAttribute refuses a Modify call that names no attribute or several.
func oneAttribute(named []string) error {
	switch len(named) {
	case 0:
		return invalidCombination("No attributes specified.")
	case 1:
		return nil
	}
	slices.Sort(named)
	return invalidCombination("Fields for multiple attribute types specified: %v", named)
}
