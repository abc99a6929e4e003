"""Code whose marked lines mypy must refuse; it is never run."""

from flask_ozml.commands import AttendedTransfer
from flask_ozml.commands import BlindTransfer
from flask_ozml.commands import Call
from flask_ozml.commands import Delay
from flask_ozml.commands import Element
from flask_ozml.commands import ExtensionCommand
from flask_ozml.commands import Forward
from flask_ozml.commands import GoTo
from flask_ozml.commands import Hangup
from flask_ozml.commands import Hold
from flask_ozml.commands import Play
from flask_ozml.commands import Record
from flask_ozml.commands import Reject
from flask_ozml.commands import Route
from flask_ozml.commands import RoutingCommand
from flask_ozml.commands import SendDTMF
from flask_ozml.commands import SendEmail
from flask_ozml.commands import SendSms
from flask_ozml.commands import Speak
from flask_ozml.commands import ThirdPartyCommand
from flask_ozml.commands import Unhold
from flask_ozml.commands import UserInput
from flask_ozml.serializer import dumps
from flask_ozml.serializer import loads

URL = "http://yourapp.com/"

Route()  # error: call-arg
AttendedTransfer()  # error: call-arg
BlindTransfer()  # error: call-arg
Forward()  # error: call-arg
Play()  # error: call-arg
SendDTMF("1")  # error: call-arg
Speak()  # error: call-arg
Call("1")  # error: call-arg
Delay()  # error: call-arg
GoTo()  # error: call-arg
SendEmail()  # error: call-arg
SendSms("Hi")  # error: call-arg
Element()  # error: call-arg

Route("1", 30)  # error: call-arg
AttendedTransfer("1")  # error: call-arg
Hangup("1")  # error: call-arg
Hold("1")  # error: call-arg
Unhold("1")  # error: call-arg
Record(URL)  # error: call-arg
Reject("1")  # error: call-arg
SendEmail("a@b.example")  # error: call-arg
Speak("Hi", "all")  # error: call-arg
Delay(1, 2)  # error: call-arg

Speak("Hi", langauge="en-UK")  # error: call-arg
Record(finishdigits="1")  # error: call-arg
Reject(call_id="1")  # error: call-arg
UserInput(digit=4)  # error: call-arg

Route(1000)  # error: arg-type
Route("1", ring_time="30")  # error: arg-type
AttendedTransfer(target_call_id=1)  # error: arg-type
AttendedTransfer(target_call_id="1", transferor_party="all")  # error: arg-type
BlindTransfer("1", transferor_party="both")  # error: arg-type
Forward(500)  # error: arg-type
Hangup(call_id=1)  # error: arg-type
Play("a", party="Caller")  # error: arg-type
Play("a", repeat="true")  # error: arg-type
Record(format="ogg")  # error: arg-type
Record(duration=1.5)  # error: arg-type
SendDTMF(12, party="all")  # error: arg-type
SendDTMF("12", party=None)  # error: arg-type
Speak(5)  # error: arg-type
Speak(None)  # error: arg-type
Speak(b"Hi")  # error: arg-type
Speak("Hi", party="both")  # error: arg-type
Call(2310, url=URL)  # error: arg-type
Call("2310", url=None)  # error: arg-type
Delay("5")  # error: arg-type
Delay(0.5)  # error: arg-type
GoTo(b"http://yourapp.com/")  # error: arg-type
SendEmail(recipient=["a@b.example"])  # error: arg-type
SendSms("Hi", recipient=1)  # error: arg-type
UserInput("Hi")  # error: arg-type
UserInput(timeout="10")  # error: arg-type
UserInput([Speak("Hi")])  # error: arg-type
UserInput(Hold())  # error: arg-type
UserInput(Route("1"))  # error: arg-type
UserInput(inputs=[Hangup()])  # error: arg-type
UserInput(inputs={1: Hangup()})  # error: dict-item
UserInput(inputs={"1": "Hi"})  # error: dict-item
UserInput(inputs={"1": Hold()})  # error: dict-item
UserInput(inputs={"1": [Hold()]})  # error: list-item
Element("Beep", "Hi")  # error: arg-type
Element("Beep", {"Times": 2})  # error: dict-item
Element("Beep", {}, 5)  # error: arg-type

routing: RoutingCommand = Speak("Hi")  # error: assignment
third_party: ThirdPartyCommand = UserInput()  # error: assignment
extension: ExtensionCommand = Hold()  # error: assignment
routings: list[RoutingCommand] = [Route("1"), Hangup()]  # error: list-item
third_parties: list[ThirdPartyCommand] = [Hold(), Route("1")]  # error: list-item
extensions: list[ExtensionCommand] = [Hangup(), Forward("1")]  # error: list-item

Speak("Hi").text = "Bye"  # error: misc
Delay(5).time = 6  # error: misc
UserInput().inputs = {}  # error: misc
UserInput().inputs["1"] = (Hangup(),)  # error: index
Element("Beep").name = "Bip"  # error: misc
voice = Speak("Hi").voice  # error: attr-defined

dumps(Speak("Hi"))  # error: arg-type
dumps(["Hi"])  # error: list-item
loads(5)  # error: arg-type
loads("<Response/>", True)  # error: call-arg
