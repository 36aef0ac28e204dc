package awssim

import (
	"encoding/base64"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// modifyInstanceAttribute changes one attribute a call, as EC2 demands.
func modifyInstanceAttribute(x *request, in *ec2.ModifyInstanceAttributeInput) (*ec2.ModifyInstanceAttributeOutput, error) {
	i, err := find(x.ec2().Instances, kindInstance(), aws.ToString(in.InstanceId))
	if err != nil {
		return nil, err
	}
	if in, err = plainAttribute(*in); err != nil {
		return nil, err
	}
	sets := map[string]func() error{}
	if in.DisableApiTermination != nil {
		sets["disableApiTermination"] = func() error {
			return protect(i, "disableApiTermination", &i.DisableAPITermination, in.DisableApiTermination)
		}
	}
	if in.DisableApiStop != nil {
		sets["disableApiStop"] = func() error { return protect(i, "disableApiStop", &i.DisableAPIStop, in.DisableApiStop) }
	}
	if in.InstanceInitiatedShutdownBehavior != nil {
		sets["instanceInitiatedShutdownBehavior"] = func() error { return setBehavior(i, in.InstanceInitiatedShutdownBehavior) }
	}
	if len(in.Groups) > 0 {
		sets["groupSet"] = func() error { return x.setGroups(i, in.Groups) }
	}
	if in.SourceDestCheck != nil {
		sets["sourceDestCheck"] = func() error { return x.setSourceDestCheck(i, in.SourceDestCheck) }
	}
	if len(in.BlockDeviceMappings) > 0 {
		sets["blockDeviceMapping"] = func() error { return x.setMappings(i, in.BlockDeviceMappings) }
	}
	if in.InstanceType != nil {
		sets["instanceType"] = func() error { return setType(i, in.InstanceType) }
	}
	if in.UserData != nil {
		sets["userData"] = func() error { return setUserData(i, in.UserData) }
	}
	if in.EbsOptimized != nil {
		sets["ebsOptimized"] = func() error {
			return whileStopped(i, func() { i.EbsOptimized = aws.Bool(aws.ToBool(in.EbsOptimized.Value)) })
		}
	}
	names := sortedKeys(sets)
	if err := oneAttribute(names); err != nil {
		return nil, err
	}
	if stateIn(i, ec2types.InstanceStateNameTerminated, ec2types.InstanceStateNameShuttingDown) {
		return nil, wrongState(i, "running or stopped")
	}
	return &ec2.ModifyInstanceAttributeOutput{}, sets[names[0]]()
}

// plainAttribute turns the call's other form, Attribute and Value, into the typed one.
func plainAttribute(in ec2.ModifyInstanceAttributeInput) (*ec2.ModifyInstanceAttributeInput, error) {
	if in.Attribute == "" || in.Value == nil {
		return &in, nil
	}
	truth := &ec2types.AttributeBooleanValue{}
	if b, err := strconv.ParseBool(*in.Value); err == nil {
		truth.Value = aws.Bool(b)
	}
	switch in.Attribute {
	case ec2types.InstanceAttributeNameDisableApiTermination:
		in.DisableApiTermination = truth
	case ec2types.InstanceAttributeNameDisableApiStop:
		in.DisableApiStop = truth
	case ec2types.InstanceAttributeNameSourceDestCheck:
		in.SourceDestCheck = truth
	case ec2types.InstanceAttributeNameInstanceInitiatedShutdownBehavior:
		in.InstanceInitiatedShutdownBehavior = &ec2types.AttributeValue{Value: in.Value}
	case ec2types.InstanceAttributeNameInstanceType:
		in.InstanceType = &ec2types.AttributeValue{Value: in.Value}
	default:
		return nil, invalidValue(string(in.Attribute), "attribute")
	}
	return &in, nil
}

func protect(i *instance, name string, flag *bool, to *ec2types.AttributeBooleanValue) error {
	if to.Value == nil {
		return missingParameter(name + ".value")
	}
	if i.InstanceLifecycle == ec2types.InstanceLifecycleTypeSpot {
		return apiError(400, "UnsupportedOperation", "Modifying '%s' is not supported for spot instances.", name)
	}
	*flag = *to.Value
	return nil
}

func setBehavior(i *instance, to *ec2types.AttributeValue) error {
	b := ec2types.ShutdownBehavior(aws.ToString(to.Value))
	if !slices.Contains(b.Values(), b) {
		return invalidValue(string(b), "instanceInitiatedShutdownBehavior")
	}
	i.ShutdownBehavior = b
	return nil
}

func (x *request) setGroups(i *instance, ids []string) error {
	nics := x.ec2().interfacesOf(*i.InstanceId)
	if len(nics) != 1 {
		return severalInterfaces(i)
	}
	groups, err := x.ec2().groupsOf(*nics[0].VpcId, ids)
	if err != nil {
		return err
	}
	nics[0].Groups = groups
	return nil
}

func (x *request) setSourceDestCheck(i *instance, to *ec2types.AttributeBooleanValue) error {
	nics := x.ec2().interfacesOf(*i.InstanceId)
	if len(nics) != 1 {
		return severalInterfaces(i)
	}
	nics[0].SourceDestCheck = aws.Bool(aws.ToBool(to.Value))
	return nil
}

// setMappings changes what becomes of volumes when the instance is terminated; nothing else can be changed.
func (x *request) setMappings(i *instance, mappings []ec2types.InstanceBlockDeviceMappingSpecification) error {
	e := x.ec2()
	for _, m := range mappings {
		if m.Ebs == nil || m.Ebs.DeleteOnTermination == nil {
			return missingParameter("blockDeviceMapping.ebs.deleteOnTermination")
		}
		v := e.volumeAt(*i.InstanceId, aws.ToString(m.DeviceName))
		if v == nil || m.Ebs.VolumeId != nil && *m.Ebs.VolumeId != *v.VolumeId {
			return apiError(400, "InvalidInstanceAttributeValue", "No device is currently mapped at %s", aws.ToString(m.DeviceName))
		}
	}
	for _, m := range mappings {
		e.volumeAt(*i.InstanceId, *m.DeviceName).Attachments[0].DeleteOnTermination = aws.Bool(*m.Ebs.DeleteOnTermination)
	}
	return nil
}

func setType(i *instance, to *ec2types.AttributeValue) error {
	return whileStopped(i, func() {
		i.InstanceType = ec2types.InstanceType(aws.ToString(to.Value))
		i.Architecture = architecture(aws.ToString(to.Value))
	})
}

func setUserData(i *instance, to *ec2types.SecureBlobAttributeValue) error {
	return whileStopped(i, func() { i.UserData = base64.StdEncoding.EncodeToString(to.Value) })
}

func whileStopped(i *instance, f func()) error {
	if i.State.Name != ec2types.InstanceStateNameStopped {
		return apiError(400, "IncorrectInstanceState", "The instance '%s' is not in the 'stopped' state.", *i.InstanceId)
	}
	f()
	return nil
}
